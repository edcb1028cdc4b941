package relay

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// asks has somebody who has logged in ask for a stream, with another in the address, and returns the first answer.
func asks(t testing.TB, w *world.World, l world.Link, address, id string) (*caller, string) {
	t.Helper()
	l.Resume = address
	c := &caller{Wire: w.Wire(t, l)}
	c.says(t, client.ResumeRequest(id, 0))
	return c, c.gets(t, "urn:xmpp:sm")
}

// TestTakenUp: a stream is taken up by who names it in the address and in the stream, and whose it is; another gets an
// account of its own.
func TestTakenUp(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		l, eve := link(t, "alice", "*", tokens.Moderator(), "one"), link(t, "eve", "*", nil, "one")
		w.Follow(t, l).Meets(room)
		alice, others := calls(t, w, l), calls(t, w, eve)
		alice.enters(t, room)
		g := world.Link{Host: world.Guests, Room: "one"}
		guest := calls(t, w, g)
		guest.enters(t, room)
		for name, c := range map[string]struct {
			link        world.Link
			address, id string
		}{
			"another's":                         {eve, alice.id, alice.id},
			"another's, in the stream":          {eve, "", alice.id},
			"another's, beside its own":         {eve, others.id, alice.id},
			"its own, beside another's":         {eve, alice.id, others.id},
			"its own, not in the address":       {l, "", alice.id},
			"an invented one":                   {l, "invented", "invented"},
			"a main host's, on the guest host":  {g, alice.id, alice.id},
			"a guest's, on the main host":       {l, guest.id, guest.id},
			"a main host's, by a guest's token": {world.Link{Host: world.Guests, Token: l.Token, Room: "one"}, alice.id, alice.id},
		} {
			p, answer := asks(t, w, c.link, c.address, c.id)
			if !strings.HasPrefix(answer, "<failed") || !strings.Contains(answer, "item-not-found") {
				t.Errorf("%s: %s", name, answer)
			}
			jid, err := p.Bind(world.Within(t))
			if known := strings.HasPrefix(jid, alice.nick()) || strings.HasPrefix(jid, guest.nick()); err != nil || known {
				t.Errorf("%s: it is %s then, %v", name, jid, err)
			}
			_ = p.Cut()
		}
		alice.pings(t, "living")
		guest.pings(t, "living")
		l.Resume = alice.id
		hasty := &caller{Wire: w.Wire(t, l)}
		rest, err := hasty.endsFor(t, w, client.ResumeRequest(alice.id, 0), joining(world.Room("two"), "early"))
		if err != nil || len(of(rest, "<policy-violation")) != 1 {
			t.Errorf("it ended with %q, %v", rest, err)
		}
		others.says(t, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>")
		if _, err := others.Ended(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		if _, answer := asks(t, w, eve, others.id, others.id); !strings.HasPrefix(answer, "<failed") {
			t.Errorf("one that has ended: %s", answer)
		}
	})
}

// TestTakenUpTwice: of two connections that take up one stream at the same moment one has it; it is still the one that a
// revocation ends, and the room goes on as long as it is there.
func TestTakenUpTwice(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		room := world.Room("one")
		l := link(t, "alice", "one", tokens.Moderator(), "one")
		w.Begin(room)
		alice := calls(t, w, l)
		alice.enters(t, room)
		for round := range 3 {
			l.Resume = alice.id
			pair := []*caller{{Wire: w.Wire(t, l)}, {Wire: w.Wire(t, l)}}
			_ = alice.Cut()
			var all sync.WaitGroup
			for _, c := range pair {
				all.Go(func() {
					if err := c.Send(client.ResumeRequest(alice.id, 0)); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			var living []*caller
			for _, c := range pair {
				c.jid, c.id = alice.jid, alice.id
				_, _ = c.Await(world.Within(t), "<resumed")
			}
			time.Sleep(200 * time.Millisecond) // the first is let go of then
			for i, c := range pair {
				id := fmt.Sprint("who", round, i) // what is sent again after a resumption has the names of before
				if c.Send(ping(id)) != nil {
					continue
				}
				if _, err := c.Await(world.Within(t), id); err == nil {
					living = append(living, c)
				}
			}
			if len(living) != 1 {
				t.Fatalf("%d have the stream\n%s", len(living), w.Usher.Log())
			}
			alice = living[0]
		}
		guest := w.Follow(t, world.Link{Host: world.Guests, Room: "one"})
		if got := guest.Meets(room); got != "participant/none" {
			t.Errorf("the guest is %s", got)
		}
		w.Usher.Run(t, "sessions", "revoke", "--user", "alice")
		rest, err := alice.Ended(world.Within(t))
		if err != nil || len(of(rest, `code="307"`)) != 1 {
			t.Errorf("the one that has it was told %q, %v", rest, err)
		}
		if err := guest.Absent(world.Within(t), room, alice.nick()); err != nil {
			t.Errorf("it is in the room: %v", err)
		}
	})
}
