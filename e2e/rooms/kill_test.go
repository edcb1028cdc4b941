package rooms

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/world"
)

// TestRoomsKilled kills the daemon right after a login, again and again: each session is still known, and each join
// right.
func TestRoomsKilled(t *testing.T) {
	const rounds = 50
	w := world.New(t, world.AnyVersion(t), world.Options{})
	people := make([]*world.Person, rounds)
	for i := range people {
		more := map[string]any{}
		if i%2 == 0 {
			more["moderator"] = true
		}
		people[i] = w.Enter(t, fmt.Sprint("user", i), fmt.Sprint("kill", i), more)
		w.Usher.Kill()
		w.Usher.Start()
		w.Warm()
	}
	w.AwaitComponent(0)
	for i, p := range people {
		want := "participant/member"
		if i%2 == 0 {
			want = "moderator/owner"
		}
		p.JoinsAs(world.Room(fmt.Sprint("kill", i)), want)
		p.IsRefused(world.Room("elsewhere"), "not-authorized")
	}
}

// TestRoomsKilledAfterJoin: what was to be set when the daemon was killed is set when it is back.
func TestRoomsKilledAfterJoin(t *testing.T) {
	w := world.New(t, world.AnyVersion(t), world.Options{})
	for i := range 10 {
		r := world.Room(fmt.Sprint("after-join", i))
		bob := w.Participant(t, "bob", "*")
		bob.Joins(r)
		alice := w.Moderator(t, fmt.Sprint("alice", i), "*")
		alice.Joins(r) // answered; nothing is set yet
		w.Usher.Kill()
		mark := w.Usher.Mark()
		w.Usher.Start()
		w.AwaitComponent(mark)
		alice.Becomes(r, "moderator/owner")
		bob.Stays(r, "participant/member")
		w.Warm()
	}
}

// TestRoomsProsodyRestarted: rooms end with Prosody, and what is right in the new ones is found out anew.
func TestRoomsProsodyRestarted(t *testing.T) {
	world.Each(t, world.Options{}, func(t *testing.T, w *world.World) {
		r := world.Room("prosody-restart")
		alice := w.Moderator(t, "alice", "*")
		bob := w.Participant(t, "bob", "*")
		bob.Joins(r)
		alice.JoinsAs(r, "moderator/owner")
		bob.Becomes(r, "participant/member")
		mark := w.Usher.Mark()
		if err := w.Prosody.Restart(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		w.AwaitComponent(mark)
		guest := w.Guest(t)
		bob = w.Participant(t, "bob", "*")
		alice = w.Moderator(t, "alice", "*")
		guest.IsRefused(world.Room("prosody-restart-2"), "not-authorized")
		if first := bob.Joins(r); first != "participant/none" && first != "participant/member" {
			// a member at once, if usher was faster
			t.Errorf("bob began as %s", first)
		}
		alice.JoinsAs(r, "moderator/owner")
		bob.Becomes(r, "participant/member")
		guest.JoinsAs(r, "participant/none")
		// Both at once.
		w.Usher.Kill()
		if err := w.Prosody.Stop(); err != nil {
			t.Fatal(err)
		}
		mark = w.Usher.Mark()
		w.Usher.Start()
		if err := w.Prosody.Restart(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		w.AwaitComponent(mark)
		w.Moderator(t, "alice", "*").JoinsAs(r, "moderator/owner")
		w.Participant(t, "bob", "*").JoinsAs(r, "participant/member")
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
	w := world.New(t, world.AnyVersion(t), world.Options{Between: func(component string) string {
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
		places[i] = &place{account: fmt.Sprint("user", i), room: fmt.Sprint("storm", i%rooms),
			moderator: i/rooms%10 == 3}
	}
	rand.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	enter := func(p *place) {
		claimed := any(p.room)
		if rand.IntN(3) == 0 {
			claimed = "*"
		}
		secret := world.Token(t, p.account, claimed, map[string]any{"moderator": p.moderator})
		for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
			s, err := client.Dial(world.Within(t), client.Plain(p.account, secret).At(w.Prosody.C2S(), world.Meet))
			if err != nil {
				continue // usher is away: the client tries again
			}
			if _, err := s.Join(world.Within(t), world.Room(p.room), p.account); err == nil {
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
			w.Usher.Kill()
			w.Usher.Start()
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
		if err := p.session.Become(world.Within(t), world.Room(p.room), want); err != nil {
			wrong++
			t.Errorf("%s in %s: %v", p.account, p.room, err)
		}
		if wrong > 10 {
			t.Fatal("and so on")
		}
	}
	for i := range rooms {
		r := world.Room(fmt.Sprint("storm", i))
		focus := w.Focus(t)
		focus.Joins(r)
		list, err := focus.Admin(world.Within(t), r, "get", client.Item{Role: "moderator"})
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != moderators/rooms+1 { // and the focus itself
			t.Errorf("%s has %d moderators: %v", r, len(list), list)
		}
	}
}
