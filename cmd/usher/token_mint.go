package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/auth"
)

// mintCommand is usher token mint.
func mintCommand() *cli.Command {
	return &cli.Command{
		Name:      "mint",
		Usage:     "make a token that this configuration accepts",
		UsageText: "usher token mint [--host HOST] [--issuer ID] [--user NAME] [--room ROOM] [--moderator] [--ttl 1h] [OPTIONS]",
		Description: `Signs with the first secret of the issuer that fits, on this machine: no secret
goes into a web page. An issuer with public keys needs --key. Only the token is
printed.

Example:

   $ usher token mint --host meet.example.com --user alice --room standup --moderator --ttl 30m`,
		Flags: []cli.Flag{
			configFlag(),
			&cli.StringFlag{Name: "host", Usage: "the virtual `HOST`; the only one by default"},
			&cli.StringFlag{Name: "issuer", Usage: "the issuer's `ID` (iss); the only one by default"},
			&cli.StringFlag{Name: "user", Usage: "context.user.id, the account's `NAME`; without it the account is random"},
			&cli.StringFlag{Name: "name", Usage: "context.user.name, the `NAME` that others see"},
			&cli.StringFlag{Name: "email", Usage: "context.user.email, an `ADDRESS`"},
			&cli.StringFlag{Name: "room", Value: "*", Usage: "the `ROOM`, or * for every room"},
			&cli.StringFlag{Name: "subject", Usage: "sub; the host by default"},
			&cli.BoolFlag{Name: "moderator", Usage: "set the claim moderator"},
			&cli.DurationFlag{Name: "ttl", Value: time.Hour, Usage: "how long the token is good, a `DURATION`"},
			&cli.StringSliceFlag{Name: "claim", Usage: "one more claim, `NAME=JSON`; may be repeated"},
			&cli.StringFlag{Name: "alg", Usage: "the `ALGORITHM`; the issuer's first by default"},
			&cli.StringFlag{Name: "key", Usage: "a PEM private key `FILE`, for an issuer with public keys"},
			&cli.StringFlag{Name: "kid", Usage: "the key's `ID`, for the header"},
		},
		Action: mintAction,
	}
}

func mintAction(c *cli.Context) error {
	if err := noArgs(c); err != nil {
		return err
	}
	loaded, err := mustLoad(c)
	if err != nil {
		return err
	}
	hostName, host, err := choose(loaded.auth.Hosts, c.String("host"), "host", "--host")
	if err != nil {
		return err
	}
	issuerName, issuer, err := choose(host.Issuers, c.String("issuer"), "issuer", "--issuer")
	if err != nil {
		return err
	}
	key, err := signingKey(c, issuer)
	if err != nil {
		return err
	}
	claims, err := mintClaims(c, hostName, issuerName, issuer.Audience)
	if err != nil {
		return err
	}
	token, err := auth.Mint(key, c.String("kid"), claims)
	if err != nil {
		return err
	}
	if err := proveMinted(loaded, hostName, issuer, token); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, token)
	return nil
}

// signingKey takes a private key from --key, or the issuer's first secret
// that is long enough for the algorithm.
func signingKey(c *cli.Context, issuer auth.IssuerConfig) (auth.SigningKey, error) {
	alg := c.String("alg")
	if alg == "" {
		alg = issuer.Algorithms[0]
	}
	if path := c.String("key"); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return auth.SigningKey{}, fmt.Errorf("reading the key: %w", err)
		}
		key, err := auth.ParseSigningKey(content, alg)
		if err != nil {
			return key, fmt.Errorf("key %q: %w", path, err)
		}
		return key, nil
	}
	for _, k := range issuer.Keys {
		if k.Symmetric() && k.Allows(alg) {
			return k.SigningKey(alg)
		}
	}
	return auth.SigningKey{}, errors.New("the issuer has no secret for " + alg + "; give its private key with --key")
}

func mintClaims(c *cli.Context, host, issuer string, audience []string) (map[string]any, error) {
	now := time.Now()
	user := map[string]any{}
	for flag, claim := range map[string]string{"user": "id", "name": "name", "email": "email"} {
		if v := c.String(flag); v != "" {
			user[claim] = v
		}
	}
	claims := map[string]any{
		"iss": issuer, "sub": host, "room": c.String("room"),
		"iat": now.Unix(), "exp": now.Add(c.Duration("ttl")).Unix(), "context": map[string]any{"user": user},
	}
	if s := c.String("subject"); s != "" {
		claims["sub"] = s
	}
	if len(audience) > 0 {
		claims["aud"] = "usher"
		if i := slices.IndexFunc(audience, func(s string) bool { return s != "*" }); i >= 0 {
			claims["aud"] = audience[i]
		}
	}
	if c.Bool("moderator") {
		claims["moderator"] = true
	}
	return claims, addClaims(claims, c.StringSlice("claim"))
}

// addClaims adds what --claim names, at the top level.
func addClaims(claims map[string]any, list []string) error {
	for _, text := range list {
		name, value, ok := strings.Cut(text, "=")
		var v any
		if !ok || name == "" || json.Unmarshal([]byte(value), &v) != nil {
			return exitError{2, fmt.Sprintf("--claim %q: write it like email='\"a@example.com\"' or moderator=true", clip(text))}
		}
		claims[name] = v
	}
	return nil
}

// proveMinted fails for a token that the daemon would refuse. What a key
// server publishes is not known here, so such a token is only looked at by
// usher token explain.
func proveMinted(c *config, host string, issuer auth.IssuerConfig, token string) error {
	if issuer.JWKSURL != "" || issuer.ASAPURL != "" {
		return nil
	}
	v, err := quietVerifier(c)
	if err != nil {
		return err
	}
	r := v.Explain(auth.Credentials{Door: "mint", Host: host, Token: token})
	if r.Allowed {
		return nil
	}
	for _, line := range r.Checks {
		if !line.OK {
			return exitError{1, "the daemon would refuse this token: " + line.Detail}
		}
	}
	return exitError{1, "the daemon would refuse this token"}
}
