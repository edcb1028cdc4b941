package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
	"usher/auth/keys/keystest"
)

// TestRelayKeyIsNoIssuers: what verifies inner tokens is no issuer's key, and not another relay's.
func TestRelayKeyIsNoIssuers(t *testing.T) {
	with := func(change func(c auth.Config)) error {
		c := authtest.RelayConfig(host)
		change(c)
		return c.Check()
	}
	if err := with(func(auth.Config) {}); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c auth.Config){
		`issuer "my-app" of host "other.example"`: func(c auth.Config) {
			c.Hosts["other.example"] = authtest.ConfigWith("other.example", authtest.InnerSecret).Hosts["other.example"]
		},
		`the relay of host`: func(c auth.Config) {
			c.Hosts["other.example"] = authtest.RelayConfig("other.example").Hosts["other.example"]
		},
		`no key`: func(c auth.Config) { c.Hosts[host].Relay.Key = keys.InnerKey{} },
	} {
		if err := with(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestInnerTokenIsRefused: a token that a relay's key has signed opens no door, also where a key server publishes the
// public half, and its claims are good.
func TestInnerTokenIsRefused(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(keystest.JWKSet(keystest.JWK(&private.PublicKey, map[string]any{"kid": "k"}))))
	}))
	defer server.Close()
	c := authtest.RelayConfig(host)
	issuer := c.Hosts[host].Issuers[authtest.Issuer]
	issuer.Algorithms = []string{"RS256"}
	issuer.Keys = keys.Config{Locations: []keys.Location{{Kind: "jwks_url", URL: server.URL}}}
	c.Hosts["plain.example"] = auth.HostConfig{Issuers: map[string]auth.IssuerConfig{authtest.Issuer: issuer}}
	key, err := keys.ReadInnerKey(content)
	if err != nil {
		t.Fatal(err)
	}
	signing, err := keys.ParseSigningKey(content, "RS256")
	if err != nil {
		t.Fatal(err)
	}
	other := c.Hosts[host].Relay.Key
	for name, relay := range map[string]bool{"no relay's key": false, "a relay's key": true} {
		c.Hosts[host].Relay.Key = other
		if relay {
			c.Hosts[host].Relay.Key = key
		}
		v, err := auth.New(c, auth.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- v.Run(ctx) }()
		<-v.Fetched()
		token, err := keys.Mint(signing, "k", authtest.Claims("plain.example", nil))
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Authenticate(ctx, auth.Credentials{Door: "test", Host: "plain.example", Token: token})
		refusal := auth.RefusalOf(err)
		if relay && (refusal == nil || refusal.Reason != auth.ReasonBadSignature || !strings.Contains(refusal.Detail, host)) || !relay && refusal != nil {
			t.Errorf("%s: %v", name, err)
		}
		stop()
		<-done
	}
}
