package relay

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// soonOver is a link of a moderator who may record, whose token is over in a moment; and one with a later token.
func soonOver(t testing.TB, account string, in time.Duration) (l, later world.Link) {
	t.Helper()
	more := tokens.Moderator()
	later = recording(t, account, true, maps.Clone(more))
	more["exp"] = time.Now().Add(in).Unix()
	return recording(t, account, true, more), later
}

// mayRecord asks jicofo to record, by a caller.
func (c *caller) mayRecord(t testing.TB, room, id string) bool {
	t.Helper()
	c.says(t, "<iq type='set' id='"+id+"' to='"+room+"/focus'>"+
		"<jibri xmlns='http://jitsi.org/protocol/jibri' action='start' recording_mode='file'/></iq>")
	answer := c.gets(t, "<iq", id)
	return client.Attribute(answer, "type") == "result"
}

// TestKeptAfterExpiry: with on_expiry: keep nothing changes for who is in the call when its token ends: the connection
// stays, and where it is lost the same token takes the stream up with the same rights; it is good for nothing else.
func TestKeptAfterExpiry(t *testing.T) {
	o := world.Options{Moderation: "on_expiry: keep", Host: "    tokens: {leeway: 1s}\n"}
	each(t, o, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		w.Begin(room)
		mark := w.Usher.Mark() // as the token may be over soon after the join
		l, _ := soonOver(t, "alice", 6*time.Second)
		alice := calls(t, w, l)
		if got := alice.enters(t, room); got != "moderator/owner" {
			t.Fatalf("alice is %s", got)
		}
		w.Usher.AwaitFor(t, mark, "sessions ended", 40*time.Second)
		if !alice.mayRecord(t, room, "r1") {
			t.Error("it records no more")
		}
		if err := alice.Cut(); err != nil {
			t.Fatal(err)
		}
		again := alice.back(t, w, l)
		if !again.mayRecord(t, room, "r2") {
			t.Error("it records no more once it is back")
		}
		_, err := w.Try(t, l)
		refused(t, err, "expired")
	})
}

// TestDemoted: who loses its rights in a call stays in it: the room says participant, both connections are cut without
// a word, and the stream goes on by the same token as well as by a later one, with the rights of now.
func TestDemoted(t *testing.T) {
	o := world.Options{Moderation: "on_expiry: demote, strict: true", Host: "    tokens: {leeway: 1s}\n"}
	each(t, o, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		watcher := w.Follow(t, link(t, "watcher", "*", tokens.Moderator(), "one"))
		watcher.Meets(room)
		t.Run("token over", func(t *testing.T) {
			t.Parallel()
			for _, renewed := range []bool{false, true} {
				l, later := soonOver(t, "alice", 5*time.Second)
				alice := calls(t, w, l)
				if got := alice.enters(t, room); got != "moderator/owner" || !alice.mayRecord(t, room, "r1") {
					t.Errorf("alice is %s, or may not record", got)
				}
				if renewed {
					l = later
				}
				if !cutOff(t, alice) {
					continue
				}
				time.Sleep(time.Second) // a page takes longer
				again := alice.back(t, w, l)
				if got := again.mayRecord(t, room, "r2"); got != renewed {
					t.Errorf("with a later token %v: it records: %v", renewed, got)
				}
				inThere(t, watcher, room, alice)
			}
		})
		t.Run("by hand", func(t *testing.T) {
			t.Parallel()
			l := link(t, "bob", "*", nil, "one")
			bob := calls(t, w, l)
			if got := bob.enters(t, room); got != "participant/member" || bob.mayRecord(t, room, "r1") {
				t.Errorf("bob is %s, or may record", got)
			}
			promote(t, watcher, room, bob)
			if cutOff(t, bob) {
				forgetful(t, w, bob, l)
				forgetful(t, w, bob, l)
				inThere(t, watcher, room, bob)
			}
		})
		t.Run("by hand, and away", func(t *testing.T) {
			t.Parallel()
			l := link(t, "carol", "*", nil, "one")
			carol := calls(t, w, l)
			carol.enters(t, room)
			if err := carol.Cut(); err != nil {
				t.Fatal(err)
			}
			mark := w.Usher.Mark()
			promote(t, watcher, room, carol)
			w.Usher.Await(t, mark, `made was demoted (moderation.strict)" room=`+room+" account="+carol.bare()) // not bob
			if onSeries(t, "0.12") {
				l.Resume = carol.id
				notTakenUp(t, w, l)
				return
			}
			forgetful(t, w, carol, l)
			forgetful(t, w, carol, l)
		})
	})
}

// cutOff wants a caller to lose its connection for other rights, and not its place: only a Prosody that keeps a stream's
// rights has the page begin anew. It reports whether the stream goes on.
func cutOff(t *testing.T, c *caller) bool {
	t.Helper()
	rest, err := c.Ended(soonEnough(t, 30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if onSeries(t, "0.12") {
		if len(of(rest, `code="307"`)) != 1 || len(of(rest, "<reset")) != 1 {
			t.Errorf("told %q", rest)
		}
		return false
	}
	if said := append(of(rest, "<close"), append(of(rest, "<stream:error"), of(rest, "unavailable")...)...); len(said) > 0 {
		t.Errorf("it was told %q", said)
	}
	return true
}

// inThere wants others to see a caller in the room still.
func inThere(t *testing.T, watcher *world.Person, room string, c *caller) {
	t.Helper()
	if shown := watcher.Shown(room, c.nick()); strings.Contains(strings.ReplaceAll(shown, `"`, "'"), "role='none'") {
		t.Errorf("others see %s", shown)
	}
}

// forgetful has a client come back who says that nothing arrived: Prosody sends it once more that it is a moderator, and
// that is not to give it anything.
func forgetful(t *testing.T, w *world.World, c *caller, l world.Link) {
	t.Helper()
	l.Resume = c.id
	again := &caller{Wire: w.Wire(t, l)}
	again.says(t, client.ResumeRequest(c.id, 0))
	again.gets(t, "<resumed")
	if again.mayRecord(t, world.Room("one"), "r3") {
		t.Error("it records once it is back")
	}
	_ = again.Cut()
}

// promote makes an owner of somebody by hand.
func promote(t testing.TB, by *world.Person, room string, c *caller) {
	t.Helper()
	if _, err := by.Admin(world.Within(t), room, "set", client.Item{JID: c.bare(), Affiliation: "owner"}); err != nil {
		t.Fatal(err)
	}
}

// onSeries tells of which series the Prosody of a test of each is.
func onSeries(t testing.TB, series string) bool {
	return strings.Contains(t.Name()+"/", "/"+series+"/")
}

// soonEnough is another time than world.Within has.
func soonEnough(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
