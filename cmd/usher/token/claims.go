package token

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/auth"
	"usher/auth/claim"
	"usher/cmd/usher/cmdline"
	"usher/internal/mint"
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
	claims, err := mint.Request{
		Host: host, Issuer: issuer, User: c.String("user"), Name: c.String("name"), Email: c.String("email"),
		Room: c.String("room"), Subject: c.String("subject"), Moderator: c.Bool("moderator"),
		Now: time.Now(), TTL: c.Duration("ttl"),
	}.Claims(rules)
	if err != nil {
		return nil, cmdline.Exit(2, err.Error())
	}
	return claims, addClaims(claims, *c.Generic("claim").(*claimList))
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
		if err := mint.Set(claims, path, v); err != nil {
			return cmdline.Exit(2, err.Error())
		}
	}
	return nil
}
