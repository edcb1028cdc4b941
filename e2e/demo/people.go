package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/e2e/client"
)

// logIn logs in to the demo's Prosody and returns the JID, or the refusal.
func (d *demoWorld) logIn(ctx context.Context, l client.Login) (string, error) {
	l.Addr, l.Host = d.prosody.C2S(), demoHost
	session, err := client.Dial(ctx, l)
	if err != nil {
		return "", err
	}
	defer session.Close()
	return session.JID(), nil
}

// expectLogin fails unless the login gets this account.
func (d *demoWorld) expectLogin(ctx context.Context, l client.Login, account string) error {
	jid, err := d.logIn(ctx, l)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "   logged in by %s as %s\n", l.Mechanism, jid)
	if !strings.HasPrefix(jid, account+"@"+demoHost+"/") {
		return fmt.Errorf("got the JID %q", jid)
	}
	return nil
}

// expectRefusal fails unless the client is told this reason.
func (d *demoWorld) expectRefusal(ctx context.Context, what string, l client.Login, reason auth.Reason) error {
	jid, err := d.logIn(ctx, l)
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok {
		return fmt.Errorf("%s: got %q, %v instead of a refusal", what, jid, err)
	}
	fmt.Fprintf(d.out, "   %-22s → %s: %s\n", what, refused.Condition, refused.Text)
	if refused.Text != reason.ClientText() {
		return fmt.Errorf("%s: wanted %q", what, reason.ClientText())
	}
	return nil
}

// A demoGuest is somebody who stays logged in during the tour.
type demoGuest struct {
	name    string
	token   string
	session *client.Session
}

// come logs somebody in with a token for the room of the tour.
func (d *demoWorld) come(ctx context.Context, name string, claims map[string]any) (*demoGuest, error) {
	token, err := d.roomToken(name, claims)
	if err != nil {
		return nil, err
	}
	session, err := client.Dial(ctx, client.Plain(name, token).At(d.prosody.C2S(), demoHost))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	d.guests = append(d.guests, session)
	return &demoGuest{name, token, session}, nil
}

// roomToken is one for the room of the tour, but for the claims that are changed.
func (d *demoWorld) roomToken(name string, claims map[string]any) (string, error) {
	all := map[string]any{"room": "standup"}
	maps.Copy(all, claims)
	return mint(d.secrets["second.secret"], name, all)
}

// join has somebody join and become this.
func (d *demoWorld) join(ctx context.Context, g *demoGuest, what, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := g.session.Join(ctx, demoRoom, g.name); err != nil {
		return fmt.Errorf("%s joining: %w", g.name, err)
	}
	return d.become(ctx, g, what, want)
}

func (d *demoWorld) become(ctx context.Context, g *demoGuest, what, want string) error {
	if err := g.session.Become(ctx, demoRoom, want); err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	fmt.Fprintf(d.out, "   %-46s → %s\n", g.name+", "+what, want)
	return nil
}

// token is one for every room that is good for a while, or was.
func token(secret, user string, life time.Duration) (string, error) {
	now := time.Now()
	issued := now.Add(min(0, life-time.Hour))
	return mint(secret, user, map[string]any{"iat": issued.Unix(), "exp": now.Add(life).Unix()})
}

// mint signs a token with one of the demo's secrets, but for the claims that are changed.
func mint(secret, user string, claims map[string]any) (string, error) {
	key, err := keys.SecretSigningKey([]byte(secret), "HS256")
	if err != nil {
		return "", err
	}
	now := time.Now()
	all := map[string]any{
		"iss": "my-app", "aud": "jitsi", "sub": demoHost, "room": "*",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"context": map[string]any{"user": map[string]any{"id": user}},
	}
	maps.Copy(all, claims)
	return keys.Mint(key, "", all)
}
