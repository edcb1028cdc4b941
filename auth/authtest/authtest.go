// Package authtest answers one question for tests of other packages: what
// does a good token look like? It makes keys, rules and tokens that fit
// together.
package authtest

import (
	"maps"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/keys"
	"usher/auth/keys/keyfile"
)

// Secret is the HMAC secret of Issuer, in 64 characters.
const Secret = "6d2f1f9b0c5e47f3a1d8e2b4c6079f5130a9c4e7b2d85f6143e0987acb5d2f16"

// Issuer is the iss of the tokens, Audience their aud.
const (
	Issuer   = "my-app"
	Audience = "jitsi"
)

// leeway is that of the hosts.
const leeway = 10 * time.Second

// Config returns rules for one host with one issuer that has Secret.
func Config(host string) auth.Config {
	return ConfigWith(host, Secret)
}

// ConfigWith returns the rules of Config with other secrets.
func ConfigWith(host string, secrets ...string) auth.Config {
	var files []*keys.Key
	for _, s := range secrets {
		key, err := keys.ParseSecret([]byte(s), keyfile.Plain, "test.secret", false)
		if err != nil {
			panic(err) // a constant of the test is wrong
		}
		files = append(files, key)
	}
	issuer := auth.IssuerConfig{Keys: keys.Config{Files: files}, Algorithms: []string{"HS256"},
		Audience: []string{Audience}, RequireExp: true, RequireRoom: true}
	return auth.Config{Hosts: map[string]auth.HostConfig{host: {
		Issuers: map[string]auth.IssuerConfig{Issuer: issuer},
		Leeway:  leeway,
		Account: []claim.Path{{"context", "user", "id"}},
	}}}
}

// Claims returns the claims of a good token for alice, valid for an hour,
// changed by more: a nil value takes the claim away.
func Claims(host string, more map[string]any) map[string]any {
	claims := map[string]any{
		"iss": Issuer, "aud": Audience, "sub": host, "room": "*", "exp": time.Now().Add(time.Hour).Unix(),
		"context": map[string]any{"user": map[string]any{"id": "alice", "name": "Alice Example",
			"email": "alice@example.com"}},
	}
	maps.Copy(claims, more)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

// Token returns a token with exactly these claims, signed with Secret.
func Token(t testing.TB, claims map[string]any) string {
	t.Helper()
	return TokenBy(t, Secret, claims)
}

// TokenBy returns a token signed with another secret.
func TokenBy(t testing.TB, secret string, claims map[string]any) string {
	t.Helper()
	key, err := keys.SecretSigningKey([]byte(secret), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Mint(key, "", claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}
