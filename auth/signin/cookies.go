package signin

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	maxTabs     = 5       // sign-ins of one browser that are under way
	maxCookie   = 4 << 10 // bytes of one
	maxCookies  = 6 << 10 // bytes of all of them, in one header of a web server
	signedInFor = 24 * time.Hour
)

// jar names and sets cookies of one origin. By http, which is for this machine alone, browsers keep none whose name
// says that it came by https.
type jar struct{ secure bool }

func (j jar) prefix() string {
	if j.secure {
		return "__Host-login"
	}
	return "login"
}

// nameOf is the name of the cookie of a state.
func (j jar) nameOf(state string) string { return j.prefix() + "-" + state[:nameLength] }

func (j jar) set(w http.ResponseWriter, name, value string, lasts time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: int(lasts / time.Second),
		Secure: j.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (j jar) drop(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: j.secure, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
}

// get returns the value of a cookie that the browser sent once.
func (j jar) get(r *http.Request, name string) string {
	list := r.CookiesNamed(name)
	if len(list) != 1 {
		return ""
	}
	return list[0].Value
}

// makeRoom drops the oldest sign-ins that are under way, so that there is place for one more of so many bytes.
func (j jar) makeRoom(w http.ResponseWriter, r *http.Request, bytes int) {
	type tab struct {
		name  string
		begun time.Time
		bytes int
	}
	var tabs []tab
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, j.prefix()+"-") {
			tabs = append(tabs, tab{c.Name, begunAt(c.Value), len(c.Name) + len(c.Value)})
			bytes += len(c.Name) + len(c.Value)
		}
	}
	slices.SortFunc(tabs, func(a, b tab) int { return cmp.Or(a.begun.Compare(b.begun), cmp.Compare(a.name, b.name)) })
	for len(tabs) >= maxTabs || len(tabs) > 0 && bytes > maxCookies {
		j.drop(w, tabs[0].name)
		bytes -= tabs[0].bytes
		tabs = tabs[1:]
	}
}

// begunAt is when a cookie was sealed, by its own word; the zero time for one that is none of ours.
func begunAt(value string) time.Time {
	if len(value) > maxCookie {
		return time.Time{}
	}
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(sealed) < headLength {
		return time.Time{}
	}
	return sealedAt(sealed[:headLength])
}
