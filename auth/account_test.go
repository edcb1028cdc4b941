package auth_test

import (
	"maps"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
)

// accountRules returns rules for a host with two issuers that sign with the
// same secret, and a second host.
func accountRules(first, second string, services map[string][]string) auth.Config {
	c := authtest.Config(host)
	maps.Copy(c.Hosts, authtest.Config("other.example.com").Hosts)
	for name, h := range c.Hosts {
		issuer := h.Issuers[authtest.Issuer]
		h.Issuers = map[string]auth.IssuerConfig{}
		for id, prefix := range map[string]string{authtest.Issuer: first, "partner": second} {
			issuer.AccountPrefix = prefix
			h.Issuers[id] = issuer
		}
		h.Subject, h.UnicodeAccounts, h.ServiceAccounts = auth.SubjectAny, true, services[name]
		c.Hosts[name] = h
	}
	return c
}

func tokenOf(t *testing.T, issuer string, id any) string {
	t.Helper()
	return authtest.Token(t, authtest.Claims(host, map[string]any{"iss": issuer, "context": map[string]any{"user": map[string]any{"id": id}}}))
}

// A service account may do everything in every room, whoever it is.
func TestServiceAccountInAToken(t *testing.T) {
	services := map[string][]string{
		host:                {"focus@" + host, "jvb@auth." + host, "Иван@" + host},
		"other.example.com": {"recorder@" + host, `a\40b@` + host},
	}
	for _, row := range []struct {
		prefix, id string
		want       auth.Reason
	}{
		{"", "focus", auth.ReasonAccountNotAllowed},
		{"", "FOCUS", auth.ReasonAccountNotAllowed},
		{"", "иван", auth.ReasonAccountNotAllowed},
		{"", "ИВАН", auth.ReasonAccountNotAllowed},
		{"", "recorder", auth.ReasonAccountNotAllowed}, // another host lists it, and lets it into its rooms
		{"", "a@b", auth.ReasonAccountNotAllowed},      // escaped, it is the one in the list
		{"foc", "us", auth.ReasonAccountNotAllowed},
		{"foc", "US", auth.ReasonAccountNotAllowed},
		{"", "jvb", ""}, // of another domain: here it is anybody
		{"", "us", ""},
		{"x-", "focus", ""},
		{"", `a\40b`, ""}, // escaped again: another account
		{"", "focus@" + host, ""},
	} {
		v := newVerifier(t, accountRules(row.prefix, "", services))
		token := tokenOf(t, authtest.Issuer, row.id)
		for _, c := range []auth.Credentials{{}, {Name: "focus"}, {NameRequired: true}, {Waiting: true}} {
			c.Host, c.Token = host, token
			if _, got := decide(t, v, c); got != row.want && (c.Name == "" || row.want != "") {
				t.Errorf("%q behind %q, %+v: %q, want %q", row.id, row.prefix, c, got, row.want)
			}
		}
		if _, err := v.IssueTicket(t.Context(), auth.Credentials{Host: host, Token: token}); reasonOf(err) != row.want {
			t.Errorf("%q behind %q: a ticket: %v, want %q", row.id, row.prefix, err, row.want)
		}
	}
}

// A ticket and a cached verdict end with the rules that they were made by.
func TestServiceAccountAddedLater(t *testing.T) {
	v := newVerifier(t, accountRules("", "", nil))
	token := tokenOf(t, authtest.Issuer, "focus")
	ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Host: host, Token: token})
	if _, got := decide(t, v, auth.Credentials{Host: host, Token: token}); err != nil || got != "" {
		t.Fatalf("before: %v, %q", err, got)
	}
	if err := v.Reload(accountRules("", "", map[string][]string{host: {"focus@" + host}})); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{token, ticket.Text} {
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Host: host, Token: password}); reasonOf(err) != auth.ReasonAccountNotAllowed {
			t.Errorf("after: %v", err)
		}
	}
}

func TestAccountPrefix(t *testing.T) {
	for _, row := range []struct {
		first, second string
		issuer        string
		id            any
		account       string // empty: refused
	}{
		{"a-", "b-", authtest.Issuer, "alice", "a-alice"},
		{"a-", "b-", "partner", "alice", "b-alice"},
		{"a-", "b-", authtest.Issuer, "b-alice", "a-b-alice"},
		{"a-", "", "partner", "a-alice", ""},
		{"a-", "", "partner", "A-Alice", ""},
		{"a-", "", "partner", "alice", "alice"},
		{"a-", "", "partner", "a", "a"},
		{"a-", "a-b-", authtest.Issuer, "b-x", ""}, // the other's x
		{"a-", "a-b-", authtest.Issuer, "c", "a-c"},
		{"a-", "a-b-", "partner", "x", "a-b-x"},
		{"a-", "a-", "partner", "x", "a-x"},
		{"a-", "", authtest.Issuer, 7, "a-7"},
		{"a-", "", authtest.Issuer, "Å", "a-å"},
		{"a", "", authtest.Issuer, "\u030a", ""}, // would become one letter with the prefix
		{"a-", "", authtest.Issuer, " x", ""},
		{"a-", "", authtest.Issuer, "x@y", `a-x\40y`},
		{"a-", "", authtest.Issuer, strings.Repeat("x", 1021), "a-" + strings.Repeat("x", 1021)},
		{"a-", "", authtest.Issuer, strings.Repeat("x", 1022), ""},
	} {
		v := newVerifier(t, accountRules(row.first, row.second, nil))
		id, reason := decide(t, v, auth.Credentials{Host: host, Token: tokenOf(t, row.issuer, row.id)})
		if id.Account != row.account || (reason == auth.ReasonAccountNotAllowed) != (row.account == "") {
			t.Errorf("%q and %q, %v of %s: %q, %q; want %q", row.first, row.second, row.id, row.issuer, id.Account, reason, row.account)
		}
	}
}

// An account that is drawn is nobody's, so it has no prefix.
func TestAccountPrefixOfNobody(t *testing.T) {
	v := newVerifier(t, accountRules("acme-", "", nil))
	id, reason := decide(t, v, auth.Credentials{Host: host, Token: tokenOf(t, authtest.Issuer, nil)})
	if !id.Random || reason != "" || strings.HasPrefix(id.Account, "acme-") {
		t.Errorf("%+v, %q", id, reason)
	}
}

func TestBadAccountPrefix(t *testing.T) {
	for _, prefix := range []string{"A", "a b", `a\`, "a@", "é", "a'", "a\x00", strings.Repeat("a", 65)} {
		if _, err := auth.New(accountRules(prefix, "", nil), auth.Options{}); err == nil || !strings.Contains(err.Error(), "account_prefix") {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// What names the account: the first claim that is a text or a number.
func TestAccountClaims(t *testing.T) {
	v := newVerifier(t, hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) {
		h.Account = []claim.Path{{"context", "user", "id"}, {"https://a.example/id"}, {"nick"}}
	}))
	user := func(id any) map[string]any { return map[string]any{"user": map[string]any{"id": id}} }
	const random, refused = "random", "refused"
	for _, row := range []struct {
		first         any
		second, third any
		want          string
	}{
		{"alice", "bob", nil, "alice"},
		{nil, "bob", "carol", "bob"},
		{"", "bob", nil, "bob"},
		{"", "", "carol", "carol"},
		{"", nil, "", random},
		{nil, nil, nil, random},
		{7, nil, nil, "7"},
		{0, "bob", nil, "0"},
		{-7, nil, nil, "-7"},
		{1.5, nil, nil, "1.5"},
		{true, "bob", nil, refused}, // not skipped: it would be another account when the claim is mended
		{false, "bob", nil, refused},
		{[]any{"alice"}, "bob", nil, refused},
		{map[string]any{"id": "alice"}, "bob", nil, refused},
		{nil, []any{}, "carol", refused},
		{"a\tb", "bob", nil, refused},
	} {
		token := authtest.Token(t, authtest.Claims(host, map[string]any{"context": user(row.first), "https://a.example/id": row.second, "nick": row.third}))
		id, reason := decide(t, v, auth.Credentials{Host: host, Token: token})
		got := id.Account
		switch {
		case reason == auth.ReasonAccountNotAllowed:
			got = refused
		case id.Random:
			got = random
		}
		if got != row.want {
			t.Errorf("%v, %v, %v: %q (%q), want %q", row.first, row.second, row.third, got, reason, row.want)
		}
	}
}

func TestAuthzid(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	for id, rows := range map[string]map[string]bool{
		"alice": {
			"": true, "alice": true, "ALICE": true, "alice@" + host: true, "alice@Meet.Example.COM": true, "Alice@meet.example.com.": true,
			"alice@" + host + "/phone": true, "alice@" + host + "/a@b/c": true, "alice@" + host + "/": true, "alice@ｍeet.example.com": true,
			"bob": false, "bob@" + host: false, "alice@other.example.com": false, "alice@" + host + "..": false, "@" + host: false, host: false,
			"bob@" + host + "/alice@" + host: false, "alice/x": false, "bob/alice@" + host: false, "alice@x@" + host: false, "alice@" + host + "@x": false,
			"alice@" + host + "/" + strings.Repeat("x", 1024): false,
		},
		"user@gmail.com": {
			`user\40gmail.com@` + host: true, "user@gmail.com@" + host: true, "user@gmail.com": true, `USER\40gmail.com@` + host + "/x": true,
			"user@" + host: false, "user": false,
		},
		"a/b": {`a\2fb@` + host: true, "a/b@" + host: true, "a/b": true, "a@" + host: false, "a": false},
	} {
		for authzid, want := range rows {
			_, reason := decide(t, v, auth.Credentials{Host: host, Token: tokenOf(t, authtest.Issuer, id), Authzid: authzid})
			if (reason == "") != want || !want && reason != auth.ReasonAccountMismatch {
				t.Errorf("%q as %q: %q", id, authzid, reason)
			}
		}
	}
}

func TestNames(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	token := func(id string) string {
		return authtest.Token(t, authtest.Claims(host, map[string]any{"context": map[string]any{"user": map[string]any{"id": id}}}))
	}
	tests := []struct {
		id, name, authzid, account string // account empty: refused
	}{
		{"alice", "", "", "alice"},
		{"alice", "alice", "", "alice"},
		{"Alice", "ALICE", "", "alice"},
		{"alice", "bob", "", ""},
		{"alice", "alice", "alice@" + host, "alice"},
		{"alice", "alice", "alice", "alice"},
		{"alice", "", "bob@" + host, ""},
		{"alice", "", "alice@other.example.com", ""},
		{"admin", "ａｄｍｉｎ", "", "admin"}, // the client's spelling opens only the token's own account
		{"user@gmail.com", "", "", `user\40gmail.com`},
		{"user@gmail.com", `user\40gmail.com`, "", `user\40gmail.com`},
		{"user@gmail.com", "user@gmail.com", "", `user\40gmail.com`},
		{`user\40gmail.com`, "", "", `user\5c40gmail.com`},
		{`a\2Fb`, "", "", `a\5c2fb`},
		{"User Name", "", "", `user\20name`},
		{"alice", "alice\x00", "", ""},
	}
	for _, test := range tests {
		id, reason := decide(t, v, auth.Credentials{Token: token(test.id), Name: test.name, Authzid: test.authzid})
		if id.Account != test.account || (reason == "") != (test.account != "") {
			t.Errorf("%q as %q for %q: %q %q, want %q", test.id, test.name, test.authzid, id.Account, reason, test.account)
		}
	}
}

func TestNamelessToken(t *testing.T) {
	v := newVerifier(t, authtest.Config(host))
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil}))
	a, _ := decide(t, v, auth.Credentials{Token: token, Name: "bob"})
	b, _ := decide(t, v, auth.Credentials{Token: token, Name: "bob"})
	if !a.Random || a.Account == b.Account || len(a.Account) < 20 || a.Account == "bob" {
		t.Errorf("accounts %q and %q", a.Account, b.Account)
	}
	for _, c := range []auth.Credentials{{Name: "bob", NameRequired: true}, {Authzid: "bob"}} {
		c.Token = token
		if _, got := decide(t, v, c); got != auth.ReasonAccountMismatch {
			t.Errorf("%+v: reason %q", c, got)
		}
	}
}
