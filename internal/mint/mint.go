// Package mint answers one question: what does a token say that a configuration accepts? It makes the claims, and finds
// a secret to sign them with. It starts no goroutine and has no lock.
package mint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/keys"
)

// A Request is what a token is to say.
type Request struct {
	Host, Issuer      string // of the configuration
	User, Name, Email string // empty: not said
	Room              string // a localpart, or "*"
	Subject           string // empty: the host
	Moderator         bool
	Now               time.Time
	TTL               time.Duration
}

// Claims returns the claims of a token for a host with these rules. The error says that the rules have no place for the
// user.
func (r Request) Claims(rules auth.HostConfig) (map[string]any, error) {
	claims := map[string]any{
		"iss": r.Issuer, "sub": r.Host, "room": r.Room, "iat": r.Now.Unix(), "exp": r.Now.Add(r.TTL).Unix(),
	}
	if aud := Audience(rules.Issuers[r.Issuer].Audience); aud != "" {
		claims["aud"] = aud
	}
	if r.Moderator {
		claims["moderator"] = true
	}
	if err := r.addUser(claims, rules.Account); err != nil {
		return nil, err
	}
	if r.Subject != "" {
		claims["sub"] = r.Subject
	}
	return claims, nil
}

// addUser describes the user where Jitsi's clients look, and names the account where the host looks first.
func (r Request) addUser(claims map[string]any, account []claim.Path) error {
	for _, f := range []struct{ value, path string }{
		{r.User, "context.user.id"}, {r.Name, "context.user.name"}, {r.Email, "context.user.email"},
	} {
		if f.value != "" {
			if err := Set(claims, strings.Split(f.path, "."), f.value); err != nil {
				return err
			}
		}
	}
	if r.User == "" || len(account) == 0 {
		return nil
	}
	return Set(claims, account[0], r.User)
}

// Audience returns the first audience that is a name. An issuer with "*" alone wants an aud, but not which: it gets
// what Jitsi's handbook writes.
func Audience(audience []string) string {
	if i := slices.IndexFunc(audience, func(s string) bool { return s != "*" }); i >= 0 {
		return audience[i]
	}
	if len(audience) > 0 {
		return "jitsi"
	}
	return ""
}

// Set sets a claim, and makes the objects on the way to it. The error says that something else is there.
func Set(claims map[string]any, path claim.Path, v any) error {
	for _, name := range path[:len(path)-1] {
		inner, ok := claims[name].(map[string]any)
		if !ok && claims[name] != nil {
			return fmt.Errorf("claim %q: %s is no object", path, name)
		}
		if !ok {
			inner = map[string]any{}
			claims[name] = inner
		}
		claims = inner
	}
	claims[path[len(path)-1]] = v
	return nil
}

// Secret returns the issuer's first secret that is long enough for one of the algorithms.
func Secret(issuer auth.IssuerConfig, algorithms []string) (keys.SigningKey, error) {
	for _, k := range issuer.Keys.Files {
		for _, alg := range algorithms {
			if k.Symmetric() && k.Allows(alg) {
				return k.SigningKey(alg)
			}
		}
	}
	return keys.SigningKey{}, fmt.Errorf("the issuer has no secret for %s", strings.Join(algorithms, " or "))
}
