package auth_test

import (
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

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
