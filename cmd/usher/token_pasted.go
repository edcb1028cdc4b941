package main

import (
	"encoding/json"
	"net/url"
	"strings"

	"usher/auth"
)

// pasted is what somebody pasted for a token, made ready.
type pasted struct {
	token string
	read  string // how it was taken out of the text; empty if it is the text
}

// tokenParameters are the names that a token has in links: Jitsi's web page
// reads jwt, its XMPP connection sends token, OAuth answers have the others.
var tokenParameters = []string{"jwt", "token", "access_token", "id_token"}

// readPasted takes a token out of what people paste: a link, a header line, a
// JSON answer, quotes, white space around it. A text that is none of these is
// the token.
func readPasted(text string) pasted {
	p := pasted{token: text}
	p.strip("white space around it", strings.TrimSpace(p.token))
	p.strip("quotes around it", strings.Trim(p.token, "\"'`<>“”„‘’«»"))
	p.strip("white space around it", strings.TrimSpace(p.token))
	if token, name := fromJSON(p.token); name != "" {
		p.strip("member "+name+" of a JSON object", token)
	}
	if token, name := fromLink(p.token); name != "" {
		p.strip("parameter "+name+" of a link", token)
	}
	for _, prefix := range []string{"Authorization:", "Bearer "} {
		if len(p.token) > len(prefix) && strings.EqualFold(p.token[:len(prefix)], prefix) {
			p.strip("text "+strings.TrimSpace(prefix)+" before it", strings.TrimSpace(p.token[len(prefix):]))
		}
	}
	return p
}

// strip takes token for the text, and notes what was left out of it.
func (p *pasted) strip(what, token string) {
	if token == p.token {
		return
	}
	p.token = token
	if p.read != "" {
		p.read += ", "
	}
	p.read += what
}

// fromJSON finds the token in the answer of a token endpoint (RFC 6749 section
// 5.1), or in a JSON text.
func fromJSON(text string) (token, name string) {
	var members map[string]json.RawMessage
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &members) != nil {
		return "", ""
	}
	for _, name := range tokenParameters {
		if json.Unmarshal(members[name], &token) == nil && token != "" {
			return token, name
		}
	}
	return "", ""
}

// fromLink finds the token in a link's query or fragment.
func fromLink(text string) (token, name string) {
	if !strings.Contains(text, "=") {
		return "", ""
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", ""
	}
	for _, part := range []string{u.RawQuery, u.EscapedFragment()} {
		_, after, found := strings.Cut(part, "?") // #/room?jwt=…
		if !found {
			after = part
		}
		values, _ := url.ParseQuery(after) // what can be read counts
		for _, name := range tokenParameters {
			if token := values.Get(name); token != "" {
				return strings.Trim(token, `"`), name // Jitsi's fragments have JSON values
			}
		}
	}
	return "", ""
}

// line says how the token was read, as a check that is passed.
func (p pasted) line() auth.CheckLine {
	return auth.CheckLine{Name: "input", OK: true, Detail: "left out: " + p.read + "; a login with all of it would be refused"}
}
