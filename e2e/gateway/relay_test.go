package gateway

import (
	"testing"

	"usher/e2e/tokens"
	"usher/e2e/world"
)

// relayed runs a test before a Jitsi whose host keeps its own way of verifying tokens, with each Prosody.
func relayed(t *testing.T, o world.Options, test func(t *testing.T, w *world.World)) {
	if o.Relay == nil {
		o.Relay = &world.Relay{}
	}
	world.Each(t, o, test)
}

// TestRelayLogsIn: a token of usher's issuers logs in at a Prosody that knows none of them, and joins what it opens.
func TestRelayLogsIn(t *testing.T) {
	relayed(t, world.Options{}, func(t *testing.T, w *world.World) {
		p := w.Follow(t, world.Link{Token: world.Token(t, "alice", "one", tokens.Moderator()), Room: "one"})
		if got := p.Meets(world.Room("one")); got != "moderator/owner" {
			t.Errorf("alice is %s\n%s", got, w.Usher.Log())
		}
		p.IsRefused(world.Room("two"), "not-allowed")
		if err := p.Ping(world.Within(t), world.Meet); err != nil {
			t.Error(err)
		}
		if _, err := w.Try(t, world.Link{Token: "a.b.c", Room: "one"}); err == nil {
			t.Error("a bad token logs in")
		}
		if _, err := w.Try(t, world.Link{Room: "one"}); err == nil {
			t.Error("nobody logs in")
		}
		if _, err := w.Straight(t, world.Link{Token: world.Token(t, "alice", "one", nil), Room: "one"}); err == nil {
			t.Error("the token is good past usher")
		}
	})
}

// TestRelayResumes: the same person after a cut and after kill -9; nobody else.
func TestRelayResumes(t *testing.T) {
	relayed(t, world.Options{}, func(t *testing.T, w *world.World) {
		link := world.Link{Token: world.Token(t, "alice", "one", tokens.Moderator()), Room: "one"}
		p := w.Follow(t, link)
		id, err := p.Resumable()
		if err != nil {
			t.Fatal(err)
		}
		p.Meets(world.Room("one"))
		p.IsRefused(world.Room("two"), "not-allowed") // both sides go on counting
		thief := world.Link{Token: world.Token(t, "mallory", "one", nil), Room: "one", Resume: id}
		if s, err := w.Try(t, thief); err == nil && s.JID() == p.JID() {
			t.Error("somebody else has taken the stream")
		}
		for _, disturb := range []func(){func() {}, func() { w.Usher.Kill(); w.Usher.Start() }, func() { w.Usher.Stop(); w.Usher.Start() }} {
			_ = p.Cut()
			disturb()
			link.Resume = id
			back, err := w.Try(t, link)
			if err != nil {
				t.Fatalf("%v\n%s", err, w.Usher.Log())
			}
			if err := back.Say(world.Room("one"), "back"); err != nil {
				t.Fatal(err)
			}
			if err := back.Ping(world.Within(t), world.Meet); err != nil {
				t.Fatalf("%v\n%s", err, w.Usher.Log())
			}
			p = back
		}
	})
}

// TestRelayCounts: what is refused counts as what passes, on both sides (XEP-0198).
func TestRelayCounts(t *testing.T) {
	relayed(t, world.Options{}, func(t *testing.T, w *world.World) {
		p := w.Follow(t, world.Link{Token: world.Token(t, "alice", "one", nil), Room: "one"})
		if _, err := p.Resumable(); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			p.IsRefused(world.Room("two"), "not-allowed")
			if err := p.Says(`<presence type="error" to="` + world.Room("two") + `/n"/>`); err != nil {
				t.Fatal(err)
			}
			if err := p.Ping(world.Within(t), world.Meet); err != nil {
				t.Fatalf("%v\n%s", err, w.Usher.Log())
			}
		}
	})
}
