package signin

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/auth/signin/oidc"
	"usher/auth/signin/signintest"
)

// TestRulesFollow: an ID token that comes when its provider has just become known waits for the rules that follow.
func TestRulesFollow(t *testing.T) {
	t.Parallel()
	const host = "meet.example.com"
	d, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte("login-"), 8)
	key, err := keys.SecretSigningKey(secret, "HS256")
	if err != nil {
		t.Fatal(err)
	}
	provider := oidc.Config{Issuer: signintest.New(t).URL, ClientID: signintest.ClientID, Secret: signintest.Secret,
		Scopes: DefaultScopes}
	p, err := d.Prepare(Settings{Secrets: [][]byte{secret}, Hosts: map[string]HostSettings{host: {
		Provider: provider, URL: "https://" + host, Pages: []string{"https://" + host}, Tenants: []string{host},
		TTL: DefaultTTL, Key: key,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	p.Commit()
	<-d.changed
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	h := (*d.hosts.Load())[host]
	running.Go(func() { h.provider.Run(ctx) })
	<-d.changed // by what became known
	decided := make(chan auth.Decision, 1)
	running.Go(func() {
		judged, _ := (&request{Server: d}).judged(ctx, h, &state{}, "no.ID.token", &person{})
		decided <- judged
	})
	select {
	case early := <-decided:
		t.Fatalf("decided before there are rules: %v", early.Refusal)
	case <-time.After(50 * time.Millisecond):
	}
	d.rule()
	if late := <-decided; late.Refusal == nil || late.Refusal.Reason != auth.ReasonMalformed {
		t.Errorf("decided by the rules: %v", late.Refusal)
	}
}
