package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
)

// advice are the words with which an operator is told what to do.
var advice = []string{"have the", "set ", "add it", "look at", "correct", "raise it", "report it", "ask about", "compare", "give ", "name it", "usher sessions"}

// Every refusal's text for the operator says, after a semicolon, what to change.
// It reads the sources, so that no new refusal can do without.
func TestOperatorsTexts(t *testing.T) {
	refusals := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() && strings.HasSuffix(path, "test") { // what tests are answered
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 2 || !isRefuse(call.Fun) {
				return true
			}
			refusals++
			text, ok := literal(call.Args[1])
			if !ok {
				t.Errorf("%s: a refusal whose text is no literal", path)
				return true
			}
			_, mend, found := strings.Cut(text, "; ")
			if !found || !mentionsAny(mend, advice) {
				t.Errorf("%s: a refusal does not say what to change: %q", path, text)
			}
			return true
		})
		return nil
	})
	if err != nil || refusals < 40 {
		t.Errorf("%d refusals found, %v", refusals, err)
	}
}

// literal returns a text that is written down, in one piece or in several with
// plus signs between.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		before, first := literal(e.X)
		after, second := literal(e.Y)
		return before + after, first && second && e.Op == token.ADD
	}
	return "", false
}

func isRefuse(f ast.Expr) bool {
	switch f := f.(type) {
	case *ast.Ident:
		return f.Name == "Refuse"
	case *ast.SelectorExpr: // others have methods of this name
		from, ok := f.X.(*ast.Ident)
		return ok && from.Name == "auth" && f.Sel.Name == "Refuse"
	}
	return false
}

func mentionsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// Every reason has a text for the person: what is wrong and what can be done
// about it, in letters that every client shows as they are.
func TestPersonsTexts(t *testing.T) {
	canDo := []string{"Ask for", "Tell ", "Try again", "Open your link", "Open the link", "Log in", "Sign in again"}
	for _, r := range auth.Reasons() {
		for _, text := range []string{r.ClientText(), r.LinkText()} {
			wrong, todo, two := strings.Cut(text, ". ")
			if !two || wrong == "" || !strings.HasSuffix(todo, ".") || !mentionsAny(todo, canDo) {
				t.Errorf("%s: %q does not say what is wrong, and then what to do", r, text)
			}
			if len(text) > 120 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' || strings.ContainsRune(`'"&<>`, c) }) {
				t.Errorf("%s: %q is too long, or has a character that some client writes as another", r, text)
			}
		}
	}
	if a, b := auth.ReasonMalformed.ClientText(), auth.ReasonMalformed.LinkText(); !strings.Contains(a, "password") || strings.Contains(b, "password") {
		t.Errorf("who typed a password is told %q, and who followed a link %q", a, b)
	}
}

// What an operator is told about the mistakes that people make.
func TestDetails(t *testing.T) {
	rules := func(change func(*auth.HostConfig, *auth.IssuerConfig)) auth.Config {
		c := hostConfig(func(h *auth.HostConfig, i *auth.IssuerConfig) {
			i.Audience = []string{"jitsi", "https://meet.example.com/"}
			if change != nil {
				change(h, i)
			}
		})
		h := c.Hosts[host]
		h.Issuers["https://login.example.com/"] = h.Issuers[authtest.Issuer]
		return c
	}
	type object = map[string]any
	for name, row := range map[string]struct {
		claims object
		change func(*auth.HostConfig, *auth.IssuerConfig)
		client auth.Credentials
		want   string // the refusal
	}{
		"issuer": {claims: object{"iss": "x"},
			want: `unknown_issuer: iss "x" is none of the issuers of meet.example.com [https://login.example.com/, my-app]; add it under issuers, letter by letter as the token has it, or correct the application`},
		"issuer without its slash": {claims: object{"iss": "https://login.example.com"}, want: `, but near "https://login.example.com/": between the two is a slash at the end;`},
		"issuer in another case":   {claims: object{"iss": "My-App"}, want: `, but near "my-app": between the two is letter case;`},
		"issuer with a space":      {claims: object{"iss": "my-app "}, want: `, but near "my-app": between the two is white space around it;`},
		"issuer with quotes":       {claims: object{"iss": `"My-app"`}, want: `, but near "my-app": between the two is quotes around it, and letter case;`},
		"issuer by http":           {claims: object{"iss": "http://login.example.com/"}, want: `, but near "https://login.example.com/": between the two is http instead of https;`},
		"issuer is a number":       {claims: object{"iss": 7}, want: `unknown_issuer: iss is the number 7; have the application write a text`},
		"audience": {claims: object{"aud": "app"},
			want: `audience_mismatch: aud "app" is none of [jitsi, https://meet.example.com/]; add it to audience of issuer "my-app", or have the application write one of them`},
		"audience without its slash": {claims: object{"aud": []any{"app", "https://meet.example.com"}}, want: `, but near "https://meet.example.com/": between the two is a slash at the end;`},
		"no audience":                {claims: object{"aud": nil}, want: `or set audience: [] for issuer "my-app"`},
		"subject, docker":            {claims: object{"sub": "public.example.com"}, want: `set tokens.subject: any, as where Prosody's host (meet.jitsi in docker) is not the public one`},
		"subject, a tenant":          {claims: object{"sub": "acme"}, want: `set tokens.subject: tenant, where sub is the tenant of the rooms, or any`},
		"no subject":                 {claims: object{"sub": nil}, want: `have the application write one, or set tokens.subject: any`},
		"no exp":                     {claims: object{"exp": nil}, want: `exp_missing: the token has no exp; have the application write one, or set require_exp: false for issuer "my-app"`},
		"exp in nanoseconds":         {claims: object{"exp": 1764000000000000000}, want: `bad_claims: exp is the number 1764000000000000000, which is no time (in nanoseconds?); have the application write the number of seconds`},
		"nbf in milliseconds":        {claims: object{"nbf": 1764000000000}, want: `not_yet_valid: nbf is 1764000000000 (year 57868) (in milliseconds?), now is`},
		"no room":                    {claims: object{"room": nil}, want: `or set require_room: false for issuer "my-app"`},
		"context as text":            {claims: object{"context": `{"user":{"id":"a"}}`}, want: `bad_claims: context is JSON in quotes, a text instead of an object; have the application hand the object itself to its library`},
		"a long token":               {claims: object{"x": strings.Repeat("x", 8192)}, want: `bytes, max_token_size is 8192; have the application write less into its tokens, or raise it`},
		"account":                    {claims: object{"context": object{"user": object{"id": true}}}, want: `account_not_allowed: claim context.user.id is true; have the application write a text or a number there`},
		"account beyond ASCII":       {claims: object{"context": object{"user": object{"id": "Иван"}}}, want: `account_charset is ascii (unicode would let it in)`},
		"service account": {change: func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.ServiceAccounts = []string{"alice@" + host} },
			want: `account_not_allowed: claim context.user.id makes the account "alice@meet.example.com", which is one of service_accounts: no token may name it; have the application name another`},
		"another issuer's prefix": {change: func(h *auth.HostConfig, i *auth.IssuerConfig) {}, claims: object{"context": object{"user": object{"id": "acme-x"}}, "iss": "plain"},
			want: `account_not_allowed: claim context.user.id makes the account "acme-x"; those that begin with "acme-" are of issuer "acme" (its account_prefix)`},
		"a door that wants the name": {claims: object{"context": nil}, client: auth.Credentials{NameRequired: true},
			want: `account_mismatch: the token has none of the claims [context.user.id] (tokens.account), and at this door the client must know its account; have the application write one, or use a ticket or the Dovecot door`},
		"another host": {client: auth.Credentials{Host: "Meet.example.com/"}, want: `unknown_host: host "Meet.example.com/" is none of hosts [meet.example.com], but near "meet.example.com": between the two is a slash at the end, and letter case; add it under hosts`},
		"algorithm":    {change: func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Algorithms = []string{"HS384"} }, want: `algorithm_not_allowed: alg HS256 is none of algorithms [HS384] of issuer "my-app"; add it there`},
		"typ":          {change: func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Types = []string{"x"} }, want: `bad_header: the header's typ "JWT" is none of [x]; add it to tokens.typ`},
		"lifetime":     {change: func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.MaxLifetime = time.Hour }, claims: object{"iat": 1}, want: `tokens.max_lifetime is 1h0m0s; have the application make tokens for a shorter time`},
	} {
		t.Run(name, func(t *testing.T) {
			c := rules(row.change)
			plain, acme := c.Hosts[host].Issuers[authtest.Issuer], c.Hosts[host].Issuers[authtest.Issuer]
			acme.AccountPrefix = "acme-"
			if row.claims["iss"] == "plain" {
				c.Hosts[host].Issuers["plain"], c.Hosts[host].Issuers["acme"] = plain, acme
			}
			row.client.Token = authtest.Token(t, authtest.Claims(host, row.claims))
			v := newVerifier(t, c)
			_, err := v.Authenticate(t.Context(), row.client)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("the log says %v", err)
			}
			if report := v.Explain(row.client); !slices.ContainsFunc(report.Checks, func(l auth.CheckLine) bool { return strings.Contains(l.Detail, row.want) }) {
				t.Errorf("explained as %+v", report.Checks)
			}
		})
	}
}

// A time in milliseconds counts as it is, and is told of: in the explanation,
// and once an hour in the log.
func TestTimesInMilliseconds(t *testing.T) {
	var log strings.Builder
	clock := now
	v, err := auth.New(authtest.Config(host), auth.Options{Now: func() time.Time { return clock }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		claim string
		value any
		warns int
	}{
		{"exp", now.Add(time.Hour).UnixMilli(), 1}, {"iat", now.UnixMilli(), 1}, {"nbf", now.UnixMicro(), 1},
		{"exp", json.Number("98753496345768"), 0}, {"iat", now.Unix(), 0}, {"nbf", 0, 0},
	} {
		log.Reset()
		clock = clock.Add(2 * time.Hour)
		claims := authtest.Claims(host, map[string]any{"exp": clock.Add(time.Hour).Unix(), row.claim: row.value})
		for i := range 3 {
			claims["jti"] = strconv.Itoa(i) // another token each time
			var id auth.Identity
			id, err = v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: authtest.Token(t, claims)})
			if err == nil {
				if _, err := json.Marshal(id.Expires.Add(auth.MaxLeeway)); err != nil {
					t.Errorf("%s %v cannot be recorded: %v", row.claim, row.value, err)
				}
			}
		}
		if got := strings.Count(log.String(), "a time in a token is not in seconds"); got != row.warns || strings.Contains(log.String(), "claim="+row.claim) != (row.warns > 0) {
			t.Errorf("%s %v: %d warnings (%v)\n%s", row.claim, row.value, got, err, log.String())
		}
	}
	log.Reset()
	forged := authtest.TokenBy(t, strings.Repeat("0123456789abcdef", 4), authtest.Claims(host, map[string]any{"exp": now.UnixMilli()}))
	clock = clock.Add(2 * time.Hour)
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: forged}); err == nil || strings.Contains(log.String(), "not in seconds") {
		t.Errorf("of a token that nobody signed: %v\n%s", err, log.String())
	}
	for _, claim := range []string{"exp", "iat"} {
		claims := authtest.Claims(host, map[string]any{"exp": clock.Add(time.Hour).Unix()})
		claims[claim] = now.UnixMilli()
		report := v.Explain(auth.Credentials{Host: host, Token: authtest.Token(t, claims)})
		if text := fmt.Sprint(report.Checks); !report.Allowed || !strings.Contains(text, "(in milliseconds?)") {
			t.Errorf("%s is explained as %v", claim, text)
		}
	}
}

// TestRefusalOf: whatever a door is given, what it answers has a reason.
func TestRefusalOf(t *testing.T) {
	expired := auth.Refuse(auth.ReasonExpired, "an hour ago")
	var none *auth.Refusal
	for _, row := range []struct {
		err  error
		want auth.Reason
	}{
		{expired, auth.ReasonExpired},
		{fmt.Errorf("at the door: %w", expired), auth.ReasonExpired},
		{errors.Join(io.EOF, expired), auth.ReasonExpired},
		{io.EOF, auth.ReasonInternalError},
		{&auth.Refusal{}, auth.ReasonInternalError},
		{none, auth.ReasonInternalError},
	} {
		if got := auth.RefusalOf(row.err); got == nil || got.Reason != row.want {
			t.Errorf("%v: %v", row.err, got)
		}
	}
	if got := auth.RefusalOf(nil); got != nil {
		t.Errorf("no error: %v", got)
	}
}
