package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"usher/auth"
	"usher/auth/keys"
	"usher/cmd/usher/cmdline"
	"usher/internal/config"
	"usher/internal/explain"
	"usher/internal/mint"
	"usher/internal/readfile"
	"usher/internal/text"
)

// mintCommand is usher token mint.
func mintCommand() *cli.Command {
	return &cli.Command{
		Name:  "mint",
		Usage: "make a token that this configuration accepts",
		UsageText: "usher token mint [--host HOST] [--issuer ID] [--user NAME] [--room ROOM] [--moderator] [--ttl " +
			"1h] [OPTIONS]",
		Description: `Signs with the first secret of the issuer that fits, on this machine: no secret
goes into a web page. An issuer with public keys needs --key. Only the token is
printed.

Example:

   $ usher token mint --host meet.example.com --user alice \
       --room standup --moderator --ttl 30m`,
		Flags: []cli.Flag{
			cmdline.ConfigFlag(),
			&cli.StringFlag{Name: "host", Usage: "the virtual `HOST`; the only one by default"},
			&cli.StringFlag{Name: "issuer", Usage: "the issuer's `ID` (iss); the only one by default"},
			&cli.StringFlag{Name: "user",
				Usage: "the account's `NAME`, in context.user.id and where the host looks for it; without it the " +
					"account is random"},
			&cli.StringFlag{Name: "name", Usage: "context.user.name, the `NAME` that others see"},
			&cli.StringFlag{Name: "email", Usage: "context.user.email, an `ADDRESS`"},
			&cli.StringFlag{Name: "room", Value: "*", Usage: "the `ROOM`, or * for every room"},
			&cli.StringFlag{Name: "subject", Usage: "the `SUB` claim; the host by default"},
			&cli.BoolFlag{Name: "moderator", Usage: "set the claim moderator"},
			&cli.DurationFlag{Name: "ttl", Value: time.Hour, Usage: "how long the token is good, a `DURATION`"},
			&cli.GenericFlag{Name: "claim", Value: &claimList{},
				Usage: "one more claim, `PATH=JSON`, such as context.group='\"a\"'; may be repeated"},
			&cli.StringFlag{Name: "alg", Usage: "the `ALGORITHM`; the issuer's first that fits the key by default"},
			&cli.StringFlag{Name: "key", Usage: "a PEM private key `FILE`, for an issuer with public keys"},
			&cli.StringFlag{Name: "kid", Usage: "the key's `ID`, for the header"},
		},
		Action: mintAction,
	}
}

func mintAction(c *cli.Context) error {
	if err := cmdline.NoArgs(c); err != nil {
		return err
	}
	loaded, err := cmdline.MustLoad(c)
	if err != nil {
		return err
	}
	hostName, host, err := cmdline.Choose(loaded.Auth.Hosts, c.String("host"), "host", "--host")
	if err != nil {
		return err
	}
	issuerName, issuer, err := cmdline.Choose(host.Issuers, c.String("issuer"), "issuer", "--issuer")
	if err != nil {
		return err
	}
	key, err := signingKey(c, issuer)
	if err != nil {
		return err
	}
	claims, err := mintClaims(c, hostName, host, issuerName)
	if err != nil {
		return err
	}
	token, err := keys.Mint(key, c.String("kid"), claims)
	if err != nil {
		return err
	}
	if err := proveMinted(c.Context, loaded, hostName, token); err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, token)
	return nil
}

// signingKey takes a private key from --key, or the issuer's first secret that
// is long enough for one of the algorithms.
func signingKey(c *cli.Context, issuer auth.IssuerConfig) (keys.SigningKey, error) {
	algorithms := issuer.Algorithms
	if alg := c.String("alg"); alg != "" {
		algorithms = []string{alg}
	}
	if path := c.String("key"); path != "" {
		return privateKey(path, algorithms)
	}
	key, err := mint.Secret(issuer, algorithms)
	switch {
	case err == nil:
		return key, nil
	case !slices.Contains(issuer.Algorithms, algorithms[0]):
		return key, fmt.Errorf("%w; its tokens are signed with %s, so leave --alg out", err,
			strings.Join(issuer.Algorithms, " or "))
	}
	return key, fmt.Errorf("%w; give its private key with --key FILE, and --kid ID if it has one", err)
}

// privateKey reads a PEM file for the first of the algorithms that it fits.
func privateKey(path string, algorithms []string) (keys.SigningKey, error) {
	content, err := readPrivate(path)
	if err != nil {
		return keys.SigningKey{}, err
	}
	var first error
	for _, alg := range algorithms {
		key, err := keys.ParseSigningKey(content, alg)
		if err == nil {
			return key, nil
		}
		first = cmp.Or(first, err)
	}
	return keys.SigningKey{}, fmt.Errorf("the private key %q: %w", path, first)
}

func readPrivate(path string) ([]byte, error) {
	content, _, fault := readfile.Regular(path, config.MaxKeySize)
	if fault != nil {
		return nil, fmt.Errorf("the private key %q %s; %s", path, fault.Text, fault.Mend)
	}
	return content, nil
}

// proveMinted fails for a token that the daemon would refuse.
func proveMinted(ctx context.Context, c *config.Config, host, token string) error {
	e, err := explain.New(ctx, c.Auth, nil, nil)
	if err != nil {
		return err
	}
	defer e.Close()
	r := e.Explain(ctx, explain.Question{Text: token, Verbatim: true, Host: host})
	if r.Allowed {
		return nil
	}
	for _, line := range r.Checks {
		if !line.OK && !line.Skipped {
			return fmt.Errorf("the daemon would refuse this token: %s", text.Printable(line.Detail))
		}
	}
	return errors.New("the daemon would refuse this token")
}
