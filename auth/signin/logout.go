package signin

import (
	"net/http"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/logattr"
)

// A signedIn is what a browser was given, for the day on which it may sign out again. It is in a cookie, sealed.
type signedIn struct {
	Tokens []given `json:"t"` // the last first
}

// A given is a token that a browser was given.
type given struct {
	Print   string `json:"p"`
	Expires int64  `json:"e"` // seconds since 1970
}

const maxGiven = 8

// signedIn reads it. Without one it is empty.
func (q *request) signedIn(h *host) signedIn {
	var s signedIn
	name := h.jar.prefix()
	begun, err := h.seal.open(h.name, name, h.jar.get(q.r, name), &s)
	if err != nil || !q.Now().Before(begun.Add(signedInFor)) {
		return signedIn{}
	}
	return s
}

// remember has the browser know a token that it was given, by its thumbprint.
func (q *request) remember(h *host, token string) {
	s := q.signedIn(h)
	s.Tokens = slices.Insert(s.Tokens, 0, given{auth.TokenPrint(token), q.Now().Add(h.TTL).Unix()})
	if len(s.Tokens) > maxGiven {
		s.Tokens = s.Tokens[:maxGiven]
	}
	name := h.jar.prefix()
	if value, err := h.seal.seal(h.name, name, q.Now(), s); err == nil {
		h.jar.set(q.w, name, value, signedInFor)
	}
}

// askToSignOut shows the page with one button. It changes nothing: Jitsi's page goes to tokenLogoutUrl by GET, and so
// do previews.
func (q *request) askToSignOut(hosts map[string]*host) {
	h := hostOf(hosts, q.r.URL.Query().Get("host"), q.r.Host)
	if h == nil {
		http.Error(q.w, "no such host", http.StatusNotFound)
		return
	}
	if q.r.URL.Query().Has("done") {
		q.show(http.StatusOK, page{Title: q.say.signedOut, Text: q.say.close, Back: h.Pages[0] + "/"})
		return
	}
	q.headers(h.signOutOrigin())
	// Under no-referrer the form would have the Origin null, which a browser without Sec-Fetch-Site (Safari before 16.4)
	// sends for other pages too. The address of this page has no secret.
	q.w.Header().Set("Referrer-Policy", "same-origin")
	q.show(http.StatusOK, page{Title: q.say.signOut, Text: q.say.signOutText,
		Action: LogoutPath, Host: h.name, Back: h.Pages[0] + "/"})
}

// signOutOrigin is where a form of the page leads to besides this door.
func (h *host) signOutOrigin() string {
	if m := h.provider.Metadata(); m != nil && m.EndSession != "" {
		return originOf(m.EndSession)
	}
	return ""
}

// signOut ends the sessions of the tokens that this browser was given, and sends the person to the provider.
func (q *request) signOut(hosts map[string]*host) {
	q.r.Body = http.MaxBytesReader(q.w, q.r.Body, 1<<10)
	h := hostOf(hosts, q.r.PostFormValue("host"), q.r.Host)
	if h == nil {
		http.Error(q.w, "no such host", http.StatusNotFound)
		return
	}
	guard := http.NewCrossOriginProtection()
	if err := guard.AddTrustedOrigin(h.URL); err != nil || guard.Check(q.r) != nil {
		http.Error(q.w, "a page of another origin may not sign anybody out", http.StatusForbidden)
		return
	}
	if !q.rates.allow(q.from, q.Now()) {
		q.w.Header().Set("Retry-After", "5")
		http.Error(q.w, "too many requests from your network; try again in a moment", http.StatusTooManyRequests)
		return
	}
	if q.Sessions != nil {
		for _, t := range q.signedIn(h).Tokens {
			if err := q.Sessions.EndToken(q.r.Context(), t.Print, time.Unix(t.Expires, 0)); err != nil {
				q.Log.Error("signing out ended no session", logattr.Host(h.name), logattr.Err(err))
				q.show(http.StatusServiceUnavailable, page{Title: q.say.notOut, Text: q.say.notOutText})
				return
			}
		}
	}
	h.jar.drop(q.w, h.jar.prefix())
	done := h.URL + LogoutPath + "?done&host=" + h.name
	if m := h.provider.Metadata(); m != nil {
		if to := h.provider.SignOut(m, done); to != "" {
			done = to
		}
	}
	http.Redirect(q.w, q.r, done, http.StatusSeeOther)
}
