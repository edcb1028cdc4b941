package config

import (
	"testing"

	"usher/internal/config/configtest"
)

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
