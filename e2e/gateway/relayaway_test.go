package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestRelayRevokedAway: whose connection is lost is out of the room within seconds of the revocation, though Prosody keeps
// the stream: usher ends that itself, or the component takes the occupant out. Nobody resumes it.
func TestRelayRevokedAway(t *testing.T) {
	for name, c := range map[string]struct {
		relay  world.Relay
		before func(w *world.World)
	}{
		"by the stream": {world.Relay{NoComponent: true}, nil},
		"by the component": {world.Relay{}, func(w *world.World) { // which knows no identifiers then
			w.Usher.Kill()
			mark := w.Usher.Mark()
			w.Usher.Start()
			w.AwaitComponent(mark)
		}},
		"by either": {world.Relay{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			relayed(t, world.Options{Relay: &c.relay}, func(t *testing.T, w *world.World) {
				room := world.Room("one")
				watcher := w.Follow(t, world.Link{Token: world.Token(t, "watcher", "one", nil), Room: "one"})
				watcher.Meets(room)
				link := world.Link{Token: world.Token(t, "alice", "one", tokens.Moderator()), Room: "one"}
				alice := w.Follow(t, link)
				id, err := alice.Resumable()
				if err != nil {
					t.Fatal(err)
				}
				alice.Meets(room)
				if err := alice.Says(`<a xmlns="urn:xmpp:sm:3" h="2"/>`); err != nil {
					t.Fatal(err)
				}
				if err := alice.Ping(world.Within(t), world.Meet); err != nil {
					t.Fatal(err)
				}
				_ = alice.Cut()
				time.Sleep(1500 * time.Millisecond) // the gateway has seen it, too
				if c.before != nil {
					c.before(w)
				}
				if err := watcher.Ping(world.Within(t), world.Meet); err == nil && watcher.Absent(shortly(t, 100*time.Millisecond), room, alice.Nick()) == nil {
					t.Fatal("Prosody does not keep the stream: there is nothing to test")
				}
				began := time.Now()
				w.Usher.Run(t, "sessions", "revoke", alice.Bare())
				if c.before != nil { // its connection went with usher
					watcher = nil
				}
				gone(t, w, watcher, room, alice.Nick())
				t.Logf("out after %v", time.Since(began))
				for _, token := range []string{link.Token, world.Token(t, "alice", "one", map[string]any{"jti": "new"})} {
					if s, err := w.Try(t, world.Link{Token: token, Room: "one", Resume: id}); err == nil {
						t.Errorf("the stream was taken up by %s", s.JID())
					}
				}
				if log := w.Usher.Log(); strings.Contains(log, "could not be ended") {
					t.Errorf("the stream was not ended:\n%s", log)
				}
			})
		})
	}
}

// outWithin is how long what is to come within a second may take on a busy machine; who usher takes out only when it looks
// at all rooms stays for up to half a minute.
const outWithin = 10 * time.Second

// gone wants an occupant to be out of a room within seconds, as the watcher sees it, or somebody else who comes in now.
func gone(t *testing.T, w *world.World, watcher *world.Person, room, nick string) {
	t.Helper()
	if watcher != nil {
		if err := watcher.Absent(shortly(t, outWithin), room, nick); err != nil {
			t.Fatalf("still in the room: %v\n%s", err, w.Usher.Log())
		}
		return
	}
	for until := time.Now().Add(outWithin); ; {
		late := w.Follow(t, world.Link{Token: world.Token(t, "late", "one", nil), Room: "one"})
		late.Meets(room)
		if late.Shown(room, nick) == "" {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("still in the room\n%s", w.Usher.Log())
		}
	}
}

func shortly(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
