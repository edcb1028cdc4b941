package explain

import (
	"cmp"
	"encoding/json"
	"net/url"
	"strings"

	"usher/auth"
	"usher/internal/jid"
)

// A pasted text is read for the token in it.
type pasted struct {
	token string
	read  string // how it was taken out of the text; empty if it is the text

	// Of a link: the virtual host and the room that it leads to, or empty. The
	// room is a localpart.
	host, room string
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
	if u, err := url.Parse(p.token); err == nil && strings.Contains(p.token, "=") {
		if token, name := fromLink(u); name != "" {
			p.host, p.room = u.Hostname(), roomOf(u)
			p.strip("all of a link but its parameter "+name, token)
		}
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
func fromLink(u *url.URL) (token, name string) {
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

// roomOf returns the localpart of the room that a link leads to: a page's by
// its path, /room or /tenant/room, an XMPP connection's by its query. It is what
// Jitsi's page makes of it.
func roomOf(u *url.URL) string {
	tenant, room := "", ""
	switch query := u.Query(); {
	case query.Get("room") != "":
		tenant, room = query.Get("prefix"), query.Get("room")
	case u.Scheme == "http" || u.Scheme == "https":
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) > 2 {
			return ""
		}
		room = parts[len(parts)-1]
		if len(parts) == 2 {
			tenant = parts[0]
		}
	}
	if s, err := jid.Spell(room); err == nil {
		room = cmp.Or(s.Encoded, s.Plain)
	}
	if room == "" || tenant == "" {
		return room
	}
	return "[" + jid.LowerASCII(strings.ReplaceAll(tenant, ".", "_")) + "]" + room
}

// line says how the token was read, as a check that is passed.
func (p pasted) line() auth.CheckLine {
	detail := "left out: " + p.read
	if p.room != "" {
		detail += "; the link leads to the room " + p.room
	}
	return auth.CheckLine{Name: "input", OK: true, Detail: detail}
}
