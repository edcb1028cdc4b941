package signin

import (
	"slices"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// rulesFor are those by which the ID tokens of a host are verified. They are no door's: what is not asked of an ID
// token, such as a room, is left out, and who signed it is the provider alone.
func (h *host) rulesFor(jwks string) auth.HostConfig {
	return auth.HostConfig{
		Issuers: map[string]auth.IssuerConfig{h.Provider.Issuer: {
			Keys: keys.Config{Locations: []keys.Location{{Kind: keys.JWKSURL, URL: jwks}}, CA: []byte(h.Provider.CA),
				InsecureHTTP: h.Provider.InsecureHTTP},
			Algorithms: keys.PublicAlgorithms(),
			Audience:   []string{h.Provider.ClientID},
			RequireExp: true,
		}},
		Leeway: h.Leeway, Subject: auth.SubjectAny, Types: []string{"JWT"}, Moderators: h.Moderators,
	}
}

// judge refuses an ID token that is not for the sign-in that asked for it, or of a person who may not.
func (h *host) judge(nonce string, now time.Time, p *person) auth.ClaimsJudged {
	return func(id *auth.Identity, d *strictjson.Document) *auth.Refusal {
		if r := h.judgeToken(nonce, now, id.IssuedAt, d); r != nil {
			return r
		}
		sub := d.Get("sub")
		if sub == nil || sub.Kind != '"' || len(sub.Text) == 0 || len(sub.Text) > maxSub || !printableASCII(sub.Text) {
			return auth.Refuse(auth.ReasonSignInToken, "the ID token's sub is no text of 1 to %d printable characters "+
				"of ASCII; have the provider name its people so", maxSub)
		}
		*p = h.read(id, d)
		for _, test := range h.Who {
			if vouched(d, test) {
				return nil
			}
		}
		if len(h.Who) == 0 {
			return nil
		}
		return auth.Refuse(auth.ReasonSignInNotAllowed, "the ID token of %q has none of the claims %v; give the "+
			"person one, have the provider write it into ID tokens, or change who of login", text.Name(p.id), h.Who)
	}
}

// judgeToken compares what binds an ID token to the sign-in.
func (h *host) judgeToken(nonce string, now, issued time.Time, d *strictjson.Document) *auth.Refusal {
	if n := d.Get("nonce"); n == nil || n.Kind != '"' || string(n.Text) != nonce {
		return auth.Refuse(auth.ReasonSignInToken, "the ID token's nonce is not the one of this sign-in; have the "+
			"person sign in anew")
	}
	aud, azp := d.Get("aud"), d.Get("azp")
	if azp != nil && (azp.Kind != '"' || string(azp.Text) != h.Provider.ClientID) {
		return auth.Refuse(auth.ReasonSignInToken, "the ID token's azp is %s, and client_id is %q; have the provider "+
			"give it to this client", azp.Words(), text.Name(h.Provider.ClientID))
	}
	if aud.Kind == '[' && azp == nil {
		several := 0
		_ = d.Elements(aud, func(*strictjson.Node) error { several++; return nil })
		if several > 1 {
			return auth.Refuse(auth.ReasonSignInToken, "the ID token has several aud and no azp; have the provider "+
				"write client_id alone, or azp")
		}
	}
	return h.judgeAge(now, issued)
}

// judgeAge takes an ID token that was made just now.
func (h *host) judgeAge(now, issued time.Time) *auth.Refusal {
	if issued.IsZero() {
		return auth.Refuse(auth.ReasonSignInToken, "the ID token's iat is absent, or lies ahead; have the provider "+
			"write it, or compare the clocks")
	}
	if age := now.Sub(issued); age > mostAge+h.Leeway || age < -h.Leeway {
		return auth.Refuse(auth.ReasonSignInToken, "the ID token was made at %s, now is %s, and %v is the most; "+
			"compare the clocks, or sign in anew",
			issued.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339), mostAge)
	}
	return nil
}

func printableASCII(s []byte) bool {
	return !slices.ContainsFunc(s, func(c byte) bool { return c <= ' ' || c >= 0x7f })
}
