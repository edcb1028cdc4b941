package httpd

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
)

// An Admission is the one place that says which requests an endpoint looks at:
// those with one of its names in the Host header, from no browser, and with its
// secret. Nothing else of a request has been read by then. No URL, header or body
// is ever logged: they carry tokens and the secret.
//
// It admits nothing before [Admission.Configure]. Its fields must not change once
// a handler is wrapped.
type Admission struct {
	Name string       // of the endpoint, in log lines
	Log  *slog.Logger // nil: no log

	// SecretInURL reports whether Authorization is the user's at a path, and not
	// the endpoint's: the secret then counts in the URL only. nil: it never is.
	SecretInURL func(path string) bool

	settings atomic.Pointer[admission]
	refused  ratelimit.Log
}

// AdmissionSettings say who may ask. A reload may change them.
type AdmissionSettings struct {
	Secret   string   // what every request must carry; empty admits nobody unless Insecure
	Insecure bool     // no secret is asked for
	Hosts    []string // what the Host header may be, exactly, but for letter case
}

// admission is AdmissionSettings made ready, and immutable.
type admission struct {
	secret   [sha256.Size]byte
	insecure bool
	closed   bool // there is no secret that could be right
	hosts    map[string]bool
}

// Configure puts settings in force. A request sees the old ones or the new.
func (a *Admission) Configure(c AdmissionSettings) {
	next := &admission{
		secret: sha256.Sum256([]byte(c.Secret)), insecure: c.Insecure, closed: c.Secret == "", hosts: map[string]bool{},
	}
	for _, h := range c.Hosts {
		next.hosts[strings.ToLower(h)] = true
	}
	a.settings.Store(next)
}

// Wrap returns a handler that hands on what is admitted ([Admit]), and answers the
// rest. The secret stays in the request: as key in the query, or in Authorization,
// as a Bearer or as the password of Basic.
func (a *Admission) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		inURL := a.SecretInURL != nil && a.SecretInURL(r.URL.Path)
		if why := a.settings.Load().admit(r, inURL); why != nil {
			a.refuse(w, why)
			return
		}
		Admit(r.Context())
		next.ServeHTTP(w, r)
	})
}

// A refusal is why a request is not admitted.
type refusal struct {
	status int
	text   string // for the client and the log
}

// The reasons for which nothing of a request is looked at.
var (
	wrongHost     = &refusal{http.StatusMisdirectedRequest, "the Host header is none of this server's (http_hosts)"}
	isBrowser     = &refusal{http.StatusForbidden, "requests from browsers are not answered"}
	wrongSecret   = &refusal{http.StatusUnauthorized, "the secret of http_secret_file is missing or wrong"}
	doubledSecret = &refusal{http.StatusBadRequest, "more than one Authorization header"}
)

// admit returns nil if a request is looked at.
func (s *admission) admit(r *http.Request, inURL bool) *refusal {
	switch {
	case s == nil || !s.hosts[strings.ToLower(r.Host)]:
		return wrongHost // DNS rebinding: a web page whose name was made to point here
	case fromBrowser(r.Header):
		return isBrowser
	case len(r.Header.Values("Authorization")) > 1:
		return doubledSecret
	case s.insecure:
		return nil
	case s.closed:
		return wrongSecret
	case s.matches(keyOf(r.URL.RawQuery)):
		return nil
	case !inURL && s.matches(secretOf(r)):
		return nil
	}
	return wrongSecret
}

func fromBrowser(h http.Header) bool {
	for name := range h {
		if name == "Origin" || strings.HasPrefix(name, "Sec-Fetch-") {
			return true
		}
	}
	return false
}

// matches compares in constant time, whatever the lengths.
func (s *admission) matches(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], s.secret[:]) == 1
}

// keyOf returns the parameter key of a query if it is there once, and readable;
// of one that comes twice two readers may see different ones.
func keyOf(query string) (key string) {
	seen := 0
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name != "key" || strings.Contains(pair, ";") {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil || !utf8.ValidString(value) {
			continue
		}
		if seen++; seen == 1 {
			key = value
		} else {
			key = ""
		}
	}
	return key
}

// secretOf returns what stands as the secret in Authorization.
func secretOf(r *http.Request) string {
	if token, ok := Bearer(r); ok {
		return token
	}
	_, password, _ := r.BasicAuth()
	return password
}

// Bearer returns the credentials of RFC 6750 section 2.1. A scheme has no case.
func Bearer(r *http.Request) (token string, ok bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}

func (a *Admission) refuse(w http.ResponseWriter, why *refusal) {
	if why == wrongSecret {
		w.Header().Set("WWW-Authenticate", `Basic realm="usher"`)
	}
	http.Error(w, why.text, why.status)
	if n, now := a.refused.Allow(); now && a.Log != nil {
		a.Log.Warn("a request to the "+a.Name+" was not admitted", slog.String("cause", why.text), logattr.NotLogged(n))
	}
}

// Below returns a handler that sends requests whose path begins with prefix to
// one handler, and all others to another. It changes no path.
func Below(prefix string, below, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			below.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}
