package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/auth"
	"usher/auth/claim"
	"usher/cmd/usher/cmdline"
	"usher/internal/text"
)

// claimList collects --claim. The library's own list would be cut at commas,
// which JSON has inside.
type claimList []string

// Set adds one.
func (l *claimList) Set(text string) error {
	*l = append(*l, text)
	return nil
}

// String returns nothing, as there is no default to show.
func (l *claimList) String() string { return "" }

// mintClaims returns the claims that the flags ask for. --claim comes last
// and so overrides everything.
func mintClaims(c *cli.Context, host string, rules auth.HostConfig, issuer string) (map[string]any, error) {
	now := time.Now()
	claims := map[string]any{
		"iss": issuer, "sub": host, "room": c.String("room"),
		"iat": now.Unix(), "exp": now.Add(c.Duration("ttl")).Unix(),
	}
	if aud := mintAudience(rules.Issuers[issuer].Audience); aud != "" {
		claims["aud"] = aud
	}
	if c.Bool("moderator") {
		claims["moderator"] = true
	}
	if err := addUser(c, claims, rules.Account); err != nil {
		return nil, err
	}
	if s := c.String("subject"); s != "" {
		claims["sub"] = s
	}
	return claims, addClaims(claims, *c.Generic("claim").(*claimList))
}

// mintAudience returns the first audience that is a name. An issuer with "*"
// alone wants an aud, but not which: it gets what Jitsi's handbook writes.
func mintAudience(audience []string) string {
	if i := slices.IndexFunc(audience, func(s string) bool { return s != "*" }); i >= 0 {
		return audience[i]
	}
	if len(audience) > 0 {
		return "jitsi"
	}
	return ""
}

// addUser describes the user where Jitsi's clients look, and names the account
// where this host looks first.
func addUser(c *cli.Context, claims map[string]any, account []claim.Path) error {
	for _, f := range []struct{ flag, path string }{
		{"user", "context.user.id"}, {"name", "context.user.name"}, {"email", "context.user.email"},
	} {
		if v := c.String(f.flag); v != "" {
			if err := setClaim(claims, strings.Split(f.path, "."), v); err != nil {
				return err
			}
		}
	}
	if c.String("user") == "" || len(account) == 0 {
		return nil
	}
	return setClaim(claims, account[0], c.String("user"))
}

// addClaims adds what --claim names: a path as in the configuration's
// tokens.account, an equals sign, and JSON.
func addClaims(claims map[string]any, list claimList) error {
	for _, item := range list {
		path, value, _, err := claim.Cut(item)
		if err != nil || !json.Valid([]byte(value)) {
			return cmdline.Exit(2, fmt.Sprintf("--claim %q: write it like nbf=1764000000 or "+
				"context.user.avatar='\"https://example.com/a.png\"'", text.Clip(item)))
		}
		var v any
		numbers := json.NewDecoder(strings.NewReader(value))
		numbers.UseNumber() // as they are written: a token may hold any
		if err := numbers.Decode(&v); err != nil {
			return err
		}
		if err := setClaim(claims, path, v); err != nil {
			return err
		}
	}
	return nil
}

// setClaim makes the objects on the way to a claim.
func setClaim(claims map[string]any, path claim.Path, v any) error {
	for _, name := range path[:len(path)-1] {
		inner, ok := claims[name].(map[string]any)
		if !ok && claims[name] != nil {
			return cmdline.Exit(2, fmt.Sprintf("claim %q: %s is no object", path, name))
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
