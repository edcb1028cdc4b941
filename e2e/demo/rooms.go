package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/auth"
	"usher/e2e/client"
)

// demoRoom is the room of the tour.
const demoRoom = "standup@" + demoMUC

func stepRooms(ctx context.Context, d *demoWorld) error {
	if err := awaitComponent(ctx, d); err != nil {
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
func awaitComponent(ctx context.Context, d *demoWorld) error {
	for !strings.Contains(d.usherLog(), "component connected") {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the component: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

func stepRevoke(ctx context.Context, d *demoWorld) error {
	eve, err := d.come(ctx, "eve", map[string]any{"moderator": true})
	if err != nil {
		return err
	}
	if err := d.join(ctx, eve, "with the claim", "moderator/owner"); err != nil {
		return err
	}
	if err := d.show(ctx, []string{"sessions", "list"}); err != nil {
		return err
	}
	if err := d.show(ctx, []string{"sessions", "revoke"}, "eve@"+demoHost); err != nil {
		return err
	}
	if err := eve.session.Become(ctx, demoRoom, ""); err != nil {
		return fmt.Errorf("eve: %w", err)
	}
	fmt.Fprintln(d.out, "   eve is out of the room")
	return d.expectRefusal(ctx, "the token of eve", client.Plain("eve", eve.token), auth.ReasonRevoked)
}
