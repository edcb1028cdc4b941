package login

import (
	"net/http"
	"net/url"
	"strings"

	"usher/auth"
	"usher/auth/gateway/filter"
)

// Credentials are what a connection brings to log in with.
type Credentials struct {
	Token      string // in compact form, or empty
	Problem    *auth.Refusal
	Resumption string // the XEP-0198 identifier of the stream before, as Jitsi's client sends it
	Guests     bool   // without a token one may log in, too
}

// connection is what package filter looks at.
func (c *Credentials) connection() filter.Connection {
	return filter.Connection{Token: c.Token != "", Unreadable: c.Problem != nil, Guests: c.Guests}
}

// Told is what a client is told that sends what package filter does not list: a
// condition of RFC 6120 section 4.9.3, and what the person can do.
func (c *Credentials) Told() (condition, text string) { return c.connection().Told() }

// RelayProblem is why a login is refused before its token is looked at, where Prosody
// verifies inner tokens: on a guest host without a token only if guests are let in.
func (c *Credentials) RelayProblem(guestHost bool) *auth.Refusal {
	if c.Problem == nil && guestHost && c.Token == "" && !c.Guests {
		return auth.Refuse(auth.ReasonTokenRequired,
			"the connection has no token; have the link carry one (jwt=), or set gateway.guests: true")
	}
	return c.Problem
}

// Take splits a request into the credentials and the query that goes on to Prosody:
// every byte of it but the pairs that are named token or jwt.
func Take(r *http.Request) (c Credentials, query string) {
	var tokens []string
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		switch {
		case err == nil && name == "token":
			if value, err = url.QueryUnescape(value); err != nil {
				c.Problem = auth.Refuse(auth.ReasonMalformedRequest,
					"the token in the address is not percent-encoded; have the page or the link encode it")
			}
			tokens = append(tokens, value)
			continue
		case err == nil && name == "jwt": // the page's name for its token, which is not read here and does not go on
			continue
		case err == nil && name == "previd":
			c.Resumption, _ = url.QueryUnescape(value)
		}
		kept = append(kept, pair)
	}
	tokens = append(tokens, bearer(r)...)
	for _, t := range tokens {
		if c.Token != "" && t != "" && t != c.Token {
			c.Problem = auth.Refuse(auth.ReasonMalformedRequest,
				"the request has two different tokens; have the page send one")
		}
		c.Token = max(c.Token, t)
	}
	// Clones, as the credentials outlive the address that they may be parts of.
	c.Token, c.Resumption = strings.Clone(c.Token), strings.Clone(c.Resumption)
	return c, strings.Join(kept, "&")
}

// bearer returns the tokens in Authorization (RFC 6750 section 2.1).
func bearer(r *http.Request) (tokens []string) {
	for _, value := range r.Header.Values("Authorization") {
		if scheme, token, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "Bearer") {
			tokens = append(tokens, strings.Trim(token, " "))
		}
	}
	return tokens
}
