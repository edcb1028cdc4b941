package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
	"usher/internal/config/configtest"
)

// TestSharedHost: a host with several issuers of which none is bound is told what that means; and so is one that keeps no
// tenants apart and names some. The default of subject is Jitsi's rule where there are rooms.
func TestSharedHost(t *testing.T) {
	const two, one = "issuers: {a: {secret_files: [my-app.secret]%s}, b: {secret_files: [other.secret]}}", "issuers: {a: {secret_files: [my-app.secret]}}"
	bound := func(by string) string { return strings.Replace(two, "%s", by, 1) }
	for _, row := range []struct {
		host    string
		warning string // of those that there are, or none
		subject auth.SubjectMode
	}{
		{bound(""), "has 2 issuers and none is bound", auth.SubjectDomain},
		{bound(", tenants: [acme]"), "", auth.SubjectDomain},
		{bound(", rooms: ['board-*']"), "", auth.SubjectDomain},
		{bound(", account_prefix: a-"), "", auth.SubjectDomain},
		{bound(", tenants: []"), "has 2 issuers and none is bound", auth.SubjectDomain},
		{one, "", auth.SubjectDomain},
		{one + ", muc: [c.h]", "", auth.SubjectTenant},
		{one + ", muc: [c.h], tokens: {subject: domain}, lobby: {rooms: {a: on}}", "", auth.SubjectDomain},
		{one + ", muc: [c.h], tokens: {subject: domain}, lobby: {rooms: {'[acme]*': on}}", "keeps no tenants apart", auth.SubjectDomain},
		{one + ", muc: [c.h], lobby: {whitelist: ['x@h room=[acme]a']}", "", auth.SubjectTenant},
		{one + ", muc: [c.h], lobby: {whitelist: ['x@h room=[acme]a']}, tokens: {subject: domain}", "keeps no tenants apart", auth.SubjectDomain},
		{one + ", muc: [c.h], lobby: {whitelist: ['x@h room=[acme]a']}, tokens: {subject: any}", "", auth.SubjectAny},
	} {
		dir := configtest.KeyFolder(t)
		path := filepath.Join(dir, "usher.yaml")
		if err := os.WriteFile(path, []byte("hosts: {h: {"+row.host+"}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, problems := Load(path)
		if c == nil {
			t.Fatalf("%s: %s", row.host, configtest.Printed(problems, dir))
		}
		warned := configtest.Printed(problems, dir)
		for _, text := range []string{"none is bound", "keeps no tenants apart"} {
			if strings.Contains(warned, text) != strings.HasSuffix(row.warning, text) || !strings.Contains(warned, row.warning) {
				t.Errorf("%s: warned %q, want %q", row.host, warned, row.warning)
			}
		}
		if got := c.Auth.Hosts["h"].Subject; got != row.subject || (got == auth.SubjectTenant) != c.Rooms[0].Tenants {
			t.Errorf("%s: subject %q, want %q", row.host, got, row.subject)
		}
	}
}

// TestUntriedKeys: every key that a good configuration names lets somebody in.
func TestUntriedKeys(t *testing.T) {
	dir := t.TempDir()
	var names []string
	for i := range keys.MaxTried + 1 {
		name := fmt.Sprintf("%d.secret", i)
		configtest.PutFile(t, dir, name, fmt.Sprintf("%d-%s", i, configtest.LongSecret), 0o600)
		names = append(names, name)
	}
	load := func(names []string) (*Config, Problems) {
		text := fmt.Sprintf("hosts: {meet.example.com: {issuers: {my-app: {secret_files: [%s], audience: [jitsi]}}}}", strings.Join(names, ", "))
		return Load(configtest.PutFile(t, dir, "usher.yaml", text, 0o600))
	}
	c, problems := load(names)
	if text := configtest.Printed(problems, dir); c != nil || !strings.Contains(text, `the file "8.secret" has a key that is never tried`) {
		t.Errorf("%d secrets: %s", len(names), text)
	}
	c, problems = load(names[:keys.MaxTried])
	if c == nil {
		t.Fatal(configtest.Printed(problems, dir))
	}
	v, err := auth.New(c.Auth, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range keys.MaxTried {
		token := authtest.TokenBy(t, fmt.Sprintf("%d-%s", i, configtest.LongSecret), authtest.Claims("meet.example.com", nil))
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Door: "test", Host: "meet.example.com", Token: token}); err != nil {
			t.Errorf("the secret %d: %v", i, err)
		}
	}
}

// TestConfigSharedKeys: who can sign for two issuers is named, and what that means; one application on two hosts is no news
// as long as sub tells them apart.
func TestConfigSharedKeys(t *testing.T) {
	dir := configtest.KeyFolder(t)
	const (
		one  = "{secret_files: [my-app.secret]"
		copy = "{secret_files: [copy.secret]"
	)
	for _, row := range []struct{ config, want string }{
		{"hosts: {h: {issuers: {a: " + one + ", account_prefix: a-}, b: " + copy + ", account_prefix: b-}}}}",
			`warning: the key of "copy.secret" is also that of issuer "a": the application of one can make tokens of the other, for its accounts, tenants and rooms — give each issuer a key of its own, unless both are one application`},
		{"hosts: {h: {issuers: {a: {public_key_files: [rsa.pem], algorithms: [RS256], account_prefix: a-}, b: {public_key_files: [ec.pem, rsa.pem], algorithms: [RS256, ES256]}}}}",
			`warning: the key of "rsa.pem" is also that of issuer "a": the application of one can make tokens of the other, for its accounts, tenants and rooms — give each issuer a key of its own, unless both are one application`},
		{"hosts: {h: {issuers: {a: " + one + "}}}, g: {issuers: {b: " + one + "}}}}",
			`warning: the key of "my-app.secret" is also that of issuer "a" of the host "h": the application of one can make tokens for the other host — give each host a key of its own, unless both issuers are one application`},
		{"hosts: {h: {issuers: {a: " + one + "}}, tokens: {subject: any}}, g: {issuers: {a: " + one + "}}}}",
			`warning: the key of "my-app.secret" is also that of issuer "a" of the host "h": with subject: any a token made for one host is good on the other — set tokens.subject: tenant on both, or give each host a key of its own`},
		{"hosts: {h: {issuers: {a: " + one + "}}}, g: {issuers: {a: " + one + "}}}}", ``},
	} {
		checkRow(t, dir, row.config, row.want)
	}
}
