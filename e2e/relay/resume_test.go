package relay

import (
	"strings"
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestResume: a stream is taken up by its own principal, also after usher was killed, and by nobody else.
func TestResume(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		l := link(t, "alice", "one", tokens.Moderator(), "one")
		alice := w.Follow(t, l)
		id, err := alice.Resumable()
		if err != nil {
			t.Fatal(err)
		}
		alice.Meets(room)
		eve := link(t, "eve", "one", nil, "one")
		eve.Resume = id
		if _, err := w.Try(t, eve); err == nil || !strings.Contains(err.Error(), "failed") {
			t.Errorf("another took the stream up: %v", err)
		}
		if _, err := w.Try(t, world.Link{Host: world.Guests, Room: "one", Resume: id}); err == nil {
			t.Error("a guest took the stream up")
		}
		if got, err := alice.Self(room); err != nil || got.String() != "moderator/owner" {
			t.Errorf("the living one is %s, %v", got, err)
		}
		w.Usher.Kill()
		mark := w.Usher.Mark()
		w.Usher.Start()
		w.AwaitComponent(mark)
		again := link(t, "alice", "one", tokens.Moderator(), "one") // a refreshed token
		again.Resume = id
		if err := w.Follow(t, again).Cut(); err != nil {
			t.Fatal(err)
		}
		w.Follow(t, again) // a connection may blink more than once
	})
}

// TestRevoked: the session ends, its stream is not taken up again, and its token is over.
func TestRevoked(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		both(t, func(t *testing.T, bosh bool) {
			name := "revoked"
			if bosh {
				name = "revoked-bosh"
			}
			room := world.Room(name)
			l := link(t, name, name, tokens.Moderator(), name)
			l.BOSH = bosh
			p := w.Follow(t, l)
			id := ""
			if !bosh {
				var err error
				if id, err = p.Resumable(); err != nil {
					t.Fatal(err)
				}
			}
			p.Meets(room)
			w.Usher.Run(t, "sessions", "revoke", p.Bare())
			if err := p.Become(world.Within(t), room, ""); err != nil && !over(err) {
				t.Errorf("still there: %v", err)
			}
			_, err := w.Try(t, l)
			refused(t, err, "")
			if l.Resume = id; id != "" {
				if _, err = w.Try(t, l); err == nil {
					t.Error("the stream was taken up")
				}
			}
		})
	})
}

// over tells whether an error is the end of a connection.
func over(err error) bool {
	for _, word := range []string{"EOF", "closed", "reset", "stream error", "ended the stream"} {
		if strings.Contains(err.Error(), word) {
			return true
		}
	}
	return false
}
