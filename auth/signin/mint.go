package signin

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/keys"
	"usher/internal/mint"
	"usher/internal/strictjson"
	"usher/internal/text"
)

const (
	maxName  = 128 // bytes of a name that people see
	maxLabel = 512 // of what else is taken over
	maxSub   = 255 // characters (OpenID Connect Core 1.0 section 2)

	// mostAge is of an ID token. Entra dates its own back by five minutes, and clocks differ.
	mostAge = 10 * time.Minute
)

// A person is whom an ID token proves, and what the host's settings make of that.
type person struct {
	id, name  string
	moderator bool
	user      map[string]any // of Jitsi's context
	context   map[string]any // besides user
	console   *grant         // nil: the person may not
	subject   string
}

// read makes a person of a verified ID token.
func (h *host) read(id *auth.Identity, d *strictjson.Document) person {
	p := person{id: h.personID(id.Subject), subject: id.Subject, moderator: h.moderates(d),
		user: map[string]any{}, context: map[string]any{}}
	if h.Context == nil {
		h.usual(&p, d)
	}
	for _, s := range h.Context {
		h.takeSource(&p, d, s.Name, s.Path)
	}
	p.name, _ = p.user["name"].(string)
	p.user["id"], p.user["moderator"] = p.id, p.moderator
	if h.Features != nil {
		features := map[string]bool{}
		for _, f := range h.Features {
			features[f.Name] = vouched(d, f.Test)
		}
		p.context["features"] = features
	}
	for _, c := range h.Consoles {
		if p.console == nil && vouched(d, c.Claim) {
			p.console = grantOf(c)
		}
	}
	return p
}

// consoleClaims are those by which people may use the console.
func (h *host) consoleClaims() (list []claim.Test) {
	for _, c := range h.Consoles {
		list = append(list, c.Claim)
	}
	return list
}

// A grant is what the console is told of a person that may use it.
type grant struct {
	Console
	claims map[string]any
}

// grantOf says what the console's claim asks for, and nothing else of the ID token.
func grantOf(c Console) *grant {
	g := &grant{c, map[string]any{}}
	var value any = true
	if c.Claim.Value != "" {
		value = c.Claim.Value
	}
	if mint.Set(g.claims, c.Claim.Path, value) != nil {
		return nil
	}
	return g
}

// usual takes what OpenID providers call a person by (OpenID Connect Core 1.0 section 5.1).
func (h *host) usual(p *person, d *strictjson.Document) {
	for _, name := range []string{"name", "preferred_username"} {
		if p.user["name"] == nil {
			h.takeSource(p, d, "name", claim.Path{name})
		}
	}
	h.takeSource(p, d, "email", claim.Path{"email"})
	h.takeSource(p, d, "avatar", claim.Path{"picture"})
}

// takeSource takes a claim for a member of Jitsi's context. What the host decides itself is not among them.
func (h *host) takeSource(p *person, d *strictjson.Document, name string, path claim.Path) {
	n := d.Get(path...)
	if n == nil || n.Kind != '"' || len(n.Text) == 0 || name == "id" {
		return
	}
	value := text.Printable(text.ClipTo(n.Text, maxLabel))
	switch {
	case name == "email" && !verified(d) || isEmail(path) && !verified(d):
	case (name == "avatar" || name == "avatarUrl") && !(strings.HasPrefix(value, "https://") && len(n.Text) <= maxLabel):
	case name == "name":
		p.user[name] = text.Printable(text.ClipTo(n.Text, maxName))
	case name == "group" || name == "tenant":
		p.context[name] = value
	default:
		p.user[name] = value
	}
}

func isEmail(path claim.Path) bool { return len(path) == 1 && path[0] == "email" }

// verified reports whether the provider vouches for the address. Some write true as a text.
func verified(d *strictjson.Document) bool {
	n := d.Get("email_verified")
	if n == nil {
		return false
	}
	yes, _ := claim.Truth(n)
	return yes
}

func holds(d *strictjson.Document, t claim.Test) bool {
	n := d.Get(t.Path...)
	return n != nil && t.Holds(d, n)
}

func byEmail(t claim.Test) bool { return isEmail(t.Path) }

// vouched reports whether a claim gives somebody what is bound to it: an address does so only if the provider has
// verified it, as at many of them people write there what they like.
func vouched(d *strictjson.Document, t claim.Test) bool {
	return holds(d, t) && (!byEmail(t) || verified(d))
}

// moderates reports whether a person is a moderator by a claim that is vouched for. The rules of ID tokens have these
// claims too, and a moment after a reload still those of before.
func (h *host) moderates(d *strictjson.Document) bool {
	return slices.ContainsFunc(h.Moderators, func(t claim.Test) bool { return vouched(d, t) })
}

// tokenFor makes a token for the one room.
func (h *host) tokenFor(p *person, r room, now time.Time) (string, error) {
	p.context["user"] = p.user
	return h.sign(map[string]any{
		"iss": Issuer, "aud": Audience, "sub": h.subject(r), "room": r.claim(), "jti": newRandom(),
		"iat": now.Unix(), "exp": now.Add(h.TTL).Unix(), "moderator": p.moderator, "context": p.context,
	})
}

// tokenForConsole makes a token that is good for the console, and at no door.
func (h *host) tokenForConsole(p *person, now time.Time) (string, error) {
	claims := p.console.claims
	maps.Copy(claims, map[string]any{
		"iss": Issuer, "aud": p.console.Audience, "sub": p.subject, "jti": newRandom(),
		"iat": now.Unix(), "exp": now.Add(ConsoleTTL).Unix(),
		"context": map[string]any{"user": map[string]any{"id": p.id, "name": p.name}},
	})
	return h.sign(claims)
}

func (h *host) sign(claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	// Without a typ: whatever a host's tokens.typ says, it need not be there.
	return keys.Compact(h.Key, []byte(`{"alg":"HS256"}`), payload)
}
