package httpauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"

	"usher/internal/logattr"
)

// A stop is why a request is not admitted.
type stop struct {
	status int
	text   string // for the client and the log
}

// The reasons for which nothing of a request is looked at.
var (
	stopHost    = &stop{http.StatusMisdirectedRequest, "the Host header is none of this server's (http_hosts)"}
	stopBrowser = &stop{http.StatusForbidden, "requests from browsers are not answered"}
	stopSecret  = &stop{http.StatusUnauthorized, "the secret of http_secret_file is missing or wrong"}
	stopHeader  = &stop{http.StatusBadRequest, "more than one Authorization header"}
)

// admit is the one place that says who may ask. key is the secret of the URL,
// or empty; usersHeader says that Authorization is the user's and not the
// door's.
func (s *settings) admit(r *http.Request, key string, usersHeader bool) *stop {
	switch {
	case s == nil || !s.hosts[strings.ToLower(r.Host)]:
		return stopHost // a web page elsewhere, whose name was made to point here
	case fromBrowser(r.Header):
		return stopBrowser
	case len(r.Header.Values("Authorization")) > 1:
		return stopHeader
	case s.insecure:
		return nil
	case s.closed:
		return stopSecret
	case s.matches(key):
		return nil
	case !usersHeader && s.matches(secretOf(r)):
		return nil
	}
	return stopSecret
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
func (s *settings) matches(secret string) bool {
	sum := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(sum[:], s.secret[:]) == 1
}

// secretOf returns what stands as the door's secret in Authorization.
func secretOf(r *http.Request) string {
	if token, ok := bearer(r); ok {
		return token
	}
	_, password, _ := r.BasicAuth()
	return password
}

// bearer returns the credentials of RFC 6750 section 2.1. A scheme has no
// case.
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimLeft(token, " "), true
}

func (s *Server) refuseAdmission(w http.ResponseWriter, why *stop) {
	if why == stopSecret {
		w.Header().Set("WWW-Authenticate", `Basic realm="usher"`)
	}
	http.Error(w, why.text, why.status)
	if n, now := s.stopped.Allow(); now && s.Log != nil {
		s.Log.Warn("a request to the HTTP door was not admitted", slog.String("cause", why.text), logattr.NotLogged(n))
	}
}
