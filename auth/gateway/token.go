package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"usher/auth"
)

// A login is what a connection brings to log in with.
type login struct {
	token      string // in compact form, or empty
	problem    *auth.Refusal
	resumption string // the XEP-0198 identifier of the stream before, as Jitsi's client sends it
	guests     bool   // without a token one may log in, too
}

// takeToken splits a request into what logs in and the query that goes on to
// Prosody: every byte of it but the pairs that are named token or jwt.
func takeToken(r *http.Request) (l login, rest string) {
	var tokens []string
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		switch {
		case err == nil && name == "token":
			if value, err = url.QueryUnescape(value); err != nil {
				l.problem = auth.Refuse(auth.ReasonMalformedRequest, "the token in the address is not percent-encoded; have the page or the link encode it")
			}
			tokens = append(tokens, value)
			continue
		case err == nil && name == "jwt": // the page's name for its token, which is not read here, and goes no further
			continue
		case err == nil && name == "previd":
			l.resumption, _ = url.QueryUnescape(value)
		}
		kept = append(kept, pair)
	}
	tokens = append(tokens, bearer(r)...)
	for _, t := range tokens {
		if l.token != "" && t != "" && t != l.token {
			l.problem = auth.Refuse(auth.ReasonMalformedRequest, "the request has two different tokens; have the page send one")
		}
		l.token = max(l.token, t)
	}
	// Clones, for the login outlives the address that they may be parts of.
	l.token, l.resumption = strings.Clone(l.token), strings.Clone(l.resumption)
	return l, strings.Join(kept, "&")
}

// bearer returns what stands in Authorization as RFC 6750 section 2.1 has it.
func bearer(r *http.Request) (tokens []string) {
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, strings.Trim(token, " "))
		}
	}
	return tokens
}
