package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/e2e/client"
)

// demoLobbyRoom is the room of the tour whose lobby is on.
const demoLobbyRoom = "board-1@" + demoMUC

// stepLobby has a guest knock, be let in and come in.
func stepLobby(ctx context.Context, d *demoWorld) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	frank, err := d.come(ctx, "frank", map[string]any{"room": "board-1", "moderator": true})
	if err != nil {
		return err
	}
	if _, err := frank.session.Join(ctx, demoLobbyRoom, "frank"); err != nil {
		return fmt.Errorf("frank: %w", err)
	}
	if err := errors.Join(frank.session.Become(ctx, demoLobbyRoom, "moderator/owner"),
		frank.session.Available()); err != nil {
		return fmt.Errorf("frank: %w", err)
	}
	fmt.Fprintf(d.out, "   %-46s → moderator/owner\n", "frank, who opens board-1 (board-*: on)")
	guest, err := client.Dial(ctx, client.Login{Mechanism: "ANONYMOUS"}.At(d.prosody.C2S(), demoGuests))
	if err != nil {
		return fmt.Errorf("a guest: %w", err)
	}
	d.guests = append(d.guests, guest)
	if err := guest.Available(); err != nil {
		return err
	}
	_, err = guest.Join(ctx, demoLobbyRoom, "Gina")
	refused, ok := errors.AsType[*client.StanzaError](err)
	if !ok {
		return fmt.Errorf("the guest, who should wait: %w", err)
	}
	fmt.Fprintf(d.out, "   %-46s → %v\n", "a guest who calls herself Gina", refused)
	jid, _, _ := strings.Cut(guest.JID(), "/")
	if err := frank.session.Told(ctx, demoComponent, jid); err != nil {
		return fmt.Errorf("frank was not told: %w", err)
	}
	fmt.Fprintln(d.out, "   frank gets a message from "+demoComponent)
	if err := d.show(ctx, []string{"lobby", "knocks"}); err != nil {
		return err
	}
	if err := d.show(ctx, []string{"lobby", "admit"}, "board-1", jid); err != nil {
		return err
	}
	if err := guest.Invited(ctx, demoLobbyRoom); err != nil {
		return fmt.Errorf("the guest was not invited: %w", err)
	}
	first, err := guest.Join(ctx, demoLobbyRoom, "Gina")
	if err != nil {
		return fmt.Errorf("the guest, who was admitted: %w", err)
	}
	fmt.Fprintf(d.out, "   %-46s → %v\n", "Gina is invited, and joins", first)
	return nil
}
