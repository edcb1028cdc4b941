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

// demoRoom is the room of the tour.
const demoRoom = "standup@" + demoMUC

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

func (d *demoWorld) roomToken(name string, claims map[string]any) (string, error) {
	key, err := keys.SecretSigningKey([]byte(d.secrets["second.secret"]), "HS256")
	if err != nil {
		return "", err
	}
	all := map[string]any{
		"iss": "my-app", "aud": "jitsi", "sub": demoHost, "room": "standup", "iat": time.Now().Unix(),
		"exp":     time.Now().Add(time.Hour).Unix(),
		"context": map[string]any{"user": map[string]any{"id": name}},
	}
	maps.Copy(all, claims)
	return keys.Mint(key, "", all)
}

// join has somebody join and become this.
func (d *demoWorld) join(ctx context.Context, g *demoGuest, what, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
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

func (d *demoWorld) stepRooms(ctx context.Context) error {
	if err := d.awaitComponent(ctx); err != nil {
		return err
	}
	bob, err := d.come(ctx, "bob", nil)
	if err != nil {
		return err
	}
	if err := d.join(ctx, bob, "who creates the room, without a claim", "participant/member"); err != nil {
		return err
	}
	carol, err := d.come(ctx, "carol", map[string]any{"moderator": true})
	if err != nil {
		return err
	}
	if err := d.join(ctx, carol, "who comes later, \"moderator\": true", "moderator/owner"); err != nil {
		return err
	}
	if err := d.become(ctx, bob, "now", "participant/member"); err != nil {
		return err
	}
	dave, err := d.come(ctx, "dave", map[string]any{"room": "another"})
	if err != nil {
		return err
	}
	_, err = dave.session.Join(ctx, demoRoom, "dave")
	refused, ok := errors.AsType[*client.StanzaError](err)
	if !ok {
		return fmt.Errorf("dave, whose token is for another room: %w", err)
	}
	fmt.Fprintf(d.out, "   %-46s → %v\n", "dave, whose token is for \"another\"", refused)
	token, err := d.roomToken("dave", map[string]any{"room": "another"})
	if err != nil {
		return err
	}
	said, err := d.command(ctx, "token", "explain", "--config", d.path("usher.yaml"), "--room", "standup", token)
	if lines := strings.Split(strings.TrimSpace(said), "\n"); err == nil || len(lines) < 2 ||
		!strings.Contains(said, "room_mismatch") {
		return fmt.Errorf("usher token explain --room: %w: %s", err, said)
	} else {
		fmt.Fprintln(d.out, "   usher token explain --room standup says at its end:")
		fmt.Fprintln(d.out, "     "+strings.Join(lines[len(lines)-2:], "\n     "))
	}
	return nil
}

// awaitComponent waits until Prosody has taken the component.
func (d *demoWorld) awaitComponent(ctx context.Context) error {
	for !strings.Contains(d.usherLog(), "component connected") {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the component: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func (d *demoWorld) stepRevoke(ctx context.Context) error {
	eve, err := d.come(ctx, "eve", map[string]any{"moderator": true})
	if err != nil {
		return err
	}
	if err := d.join(ctx, eve, "with the claim", "moderator/owner"); err != nil {
		return err
	}
	for _, args := range [][]string{{"sessions", "list"}, {"sessions", "revoke"}} {
		all := append(args, "--config", d.path("usher.yaml"))
		if args[1] == "revoke" {
			all = append(all, "eve@"+demoHost)
		}
		said, err := d.command(ctx, all...)
		if err != nil {
			return fmt.Errorf("usher %s: %w: %s", strings.Join(args, " "), err, said)
		}
		fmt.Fprintf(d.out, "   usher %s\n     %s\n", strings.Join(args, " "),
			strings.ReplaceAll(strings.TrimSpace(said), "\n", "\n     "))
	}
	if err := eve.session.Become(ctx, demoRoom, ""); err != nil {
		return fmt.Errorf("eve: %w", err)
	}
	fmt.Fprintln(d.out, "   eve is out of the room")
	return d.expectRefusal(ctx, "the token of eve", client.Plain("eve", eve.token), auth.ReasonRevoked)
}
