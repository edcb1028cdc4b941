package relay

import (
	"strings"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestResumesWithNewRights: who was allowed to record and comes back with a token that denies it records no more: the
// stream is resumed where Prosody takes the new features, and is refused where it would keep the old ones.
func TestResumesWithNewRights(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		recording := func(may bool, id string) world.Link {
			c := tokens.Claims("alice", "one", map[string]any{"moderator": true, "jti": id})
			c["context"].(map[string]any)["features"] = map[string]any{"recording": may}
			return world.Link{Token: tokens.Sign(t, world.Meet, c), Room: "one"}
		}
		alice := w.Follow(t, recording(true, "a"))
		id, err := alice.Resumable()
		if err != nil {
			t.Fatal(err)
		}
		alice.Meets(room)
		if !records(t, alice, room) {
			t.Fatal("it does not record at first")
		}
		if err := alice.Cut(); err != nil {
			t.Fatal(err)
		}
		same := recording(true, "b")
		same.Resume = id
		again := w.Follow(t, same)
		if !records(t, again, room) {
			t.Error("a refreshed token with the same rights does not record")
		}
		if err := again.Cut(); err != nil {
			t.Fatal(err)
		}
		less := recording(false, "c")
		less.Resume = id
		p, err := w.Try(t, less)
		switch {
		case err != nil && strings.Contains(t.Name(), "/0.12"):
		case err != nil:
			t.Errorf("it is not resumed: %v", err)
		case recordsStill(t, p, room):
			t.Error("it records still")
		}
	})
}

// recordsStill asks three times: Prosody first sends answers of before the resumption again, as the client counts
// nothing.
func recordsStill(t testing.TB, p *world.Person, room string) bool {
	t.Helper()
	for range 3 {
		if !records(t, p, room) {
			return false
		}
	}
	return true
}
