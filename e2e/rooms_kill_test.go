package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"usher/e2e/client"
)

// TestRoomsKilled kills the daemon right after a login, again and again: each session is still known, and each join
// right.
func TestRoomsKilled(t *testing.T) {
	const rounds = 50
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{})
	people := make([]*person, rounds)
	for i := range people {
		more := map[string]any{}
		if i%2 == 0 {
			more["moderator"] = true
		}
		people[i] = w.enter(t, fmt.Sprint("user", i), fmt.Sprint("kill", i), more)
		w.usher.kill()
		w.usher.start()
		w.warm()
	}
	w.awaitComponent(0)
	for i, p := range people {
		want := "participant/member"
		if i%2 == 0 {
			want = "moderator/owner"
		}
		p.joinAs(room(fmt.Sprint("kill", i)), want)
		p.refused(room("elsewhere"), "not-authorized")
	}
}

// TestRoomsKilledAfterJoin: what was to be set when the daemon was killed is set when it is back.
func TestRoomsKilledAfterJoin(t *testing.T) {
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{})
	for i := range 10 {
		r := room(fmt.Sprint("after-join", i))
		bob := w.enter(t, "bob", "*", nil)
		bob.join(r)
		alice := w.enter(t, fmt.Sprint("alice", i), "*", moderator)
		alice.join(r) // answered; nothing is set yet
		w.usher.kill()
		mark := w.usher.mark(t)
		w.usher.start()
		w.awaitComponent(mark)
		alice.becomes(r, "moderator/owner")
		bob.stays(r, "participant/member")
		w.warm()
	}
}

// TestRoomsProsodyRestarted: rooms end with Prosody, and what is right in the new ones is found out anew.
func TestRoomsProsodyRestarted(t *testing.T) {
	eachRooms(t, roomsOptions{}, func(t *testing.T, w *roomsWorld) {
		r := room("prosody-restart")
		alice := w.enter(t, "alice", "*", moderator)
		bob := w.enter(t, "bob", "*", nil)
		bob.join(r)
		alice.joinAs(r, "moderator/owner")
		bob.becomes(r, "participant/member")
		mark := w.usher.mark(t)
		if err := w.prosody.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		w.usher.awaitFor(t, mark, "component connected", 30*time.Second)
		guest := w.guest(t)
		bob = w.enter(t, "bob", "*", nil)
		alice = w.enter(t, "alice", "*", moderator)
		guest.refused(room("prosody-restart-2"), "not-authorized")
		if first := bob.join(r); first != "participant/none" && first != "participant/member" { // a member at once, if usher was faster
			t.Errorf("bob began as %s", first)
		}
		alice.joinAs(r, "moderator/owner")
		bob.becomes(r, "participant/member")
		guest.joinAs(r, "participant/none")
		// Both at once.
		w.usher.kill()
		if err := w.prosody.Stop(); err != nil {
			t.Fatal(err)
		}
		mark = w.usher.mark(t)
		w.usher.start()
		if err := w.prosody.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		w.usher.awaitFor(t, mark, "component connected", 30*time.Second)
		w.enter(t, "alice", "*", moderator).joinAs(r, "moderator/owner")
		w.enter(t, "bob", "*", nil).joinAs(r, "participant/member")
	})
}

// A cutter stands between usher and Prosody's component port, and cuts connections when it is told to.
type cutter struct {
	to string
	l  net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func newCutter(t *testing.T, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{to: to, l: l}
	t.Cleanup(func() { _ = l.Close(); c.cut() })
	go c.serve()
	return c
}

func (c *cutter) serve() {
	for {
		in, err := c.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", c.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		c.mu.Lock()
		c.conns = append(c.conns, in, out)
		c.mu.Unlock()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
	}
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close()
	}
	c.conns = nil
}

// TestRoomsStorm: 1,000 people join 50 rooms, 100 of them moderators, while usher is killed and started again three
// times and the component's connection is cut ten times. At the end every role is right, and nobody else is moderator.
func TestRoomsStorm(t *testing.T) {
	const people, rooms, moderators = 1000, 50, 100
	if testing.Short() {
		t.Skip("takes a minute")
	}
	var cut *cutter
	w := newRoomsWorld(t, anyVersion(t), roomsOptions{between: func(component, _ string) string {
		cut = newCutter(t, component)
		return cut.l.Addr().String()
	}})
	type place struct {
		account, room string
		moderator     bool
		session       *client.Session
	}
	places := make([]*place, people)
	for i := range places {
		places[i] = &place{account: fmt.Sprint("user", i), room: fmt.Sprint("storm", i%rooms), moderator: i/rooms%10 == 3}
	}
	rand.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	enter := func(p *place) {
		claimed := any(p.room)
		if rand.IntN(3) == 0 {
			claimed = "*"
		}
		secret := token(t, meet, claims(p.account, claimed, map[string]any{"moderator": p.moderator}))
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			s, err := client.Dial(within(t), client.Plain(p.account, secret).At(w.prosody.C2S(), meet))
			if err != nil {
				continue // usher is away: the client tries again
			}
			if _, err := s.Join(within(t), room(p.room), p.account); err == nil {
				p.session = s
				return
			}
			_ = s.Close()
		}
		t.Errorf("%s never came in", p.account)
	}
	work := make(chan *place)
	var crowd sync.WaitGroup
	for range 16 {
		crowd.Go(func() {
			for p := range work {
				enter(p)
			}
		})
	}
	for i, p := range places {
		if i%90 == 45 {
			cut.cut()
		}
		if i == 250 || i == 500 || i == 750 {
			w.usher.kill()
			w.usher.start()
		}
		work <- p
	}
	close(work)
	crowd.Wait()
	t.Cleanup(func() {
		for _, p := range places {
			if p.session != nil {
				_ = p.session.Close()
			}
		}
	})
	wrong := 0
	for _, p := range places {
		if p.session == nil {
			continue
		}
		want := "participant/member"
		if p.moderator {
			want = "moderator/owner"
		}
		if err := p.session.Become(within(t), room(p.room), want); err != nil {
			wrong++
			t.Errorf("%s in %s: %v", p.account, p.room, err)
		}
		if wrong > 10 {
			t.Fatal("and so on")
		}
	}
	for i := range rooms {
		r := room(fmt.Sprint("storm", i))
		focus := w.focus(t)
		focus.join(r)
		list, err := focus.Admin(within(t), r, "get", client.Item{Role: "moderator"})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != moderators/rooms+1 { // and the focus itself
			t.Errorf("%s has %d moderators: %v", r, len(list), list)
		}
	}
}
