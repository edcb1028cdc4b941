package occupancy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation/occupancy"
)

// A store is one in memory that outlives what uses it, and fails when it is told so. It also keeps which rooms are started.
type store struct {
	mu      sync.Mutex
	kept    map[occupancy.Key]occupancy.Occupant
	started map[string]bool
	fail    error
}

func newStore() *store {
	return &store{kept: map[occupancy.Key]occupancy.Occupant{}, started: map[string]bool{}}
}

func (s *store) LoadOccupants(context.Context) (list []occupancy.Occupant, err error) {
	for _, v := range s.kept {
		list = append(list, v)
	}
	return list, s.fail
}

func (s *store) ApplyOccupants(_ context.Context, changes ...occupancy.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		switch {
		case s.fail != nil:
			return s.fail
		case c.Put != nil:
			s.kept[occupancy.Key{Room: c.Put.Room, JID: c.Put.JID}] = *c.Put
		default:
			delete(s.kept, *c.Delete)
		}
	}
	return nil
}

func (s *store) SetStarted(_ context.Context, room string, yes bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil && yes {
		return s.fail
	}
	if s.started[room] = yes; !yes {
		delete(s.started, room)
	}
	return nil
}

func (s *store) StartedHere() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for room := range s.started {
		list = append(list, room)
	}
	return list
}

func (s *store) isStarted(room string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started[room]
}

func (s *store) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

func run(t *testing.T, s *store, l occupancy.Limits, test func(*testing.T, *occupancy.Occupancy)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := occupancy.New(s, s, occupancy.Options{Limits: l})
		if err := c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var task sync.WaitGroup
		task.Go(func() { _ = c.Run(ctx) })
		test(t, c)
		cancel()
		task.Wait()
	})
}

func enter(t *testing.T, c *occupancy.Occupancy, room, jid string, starts bool) {
	t.Helper()
	if err := c.Entered(t.Context(), occupancy.Occupant{Room: room, JID: jid, Starts: starts}); err != nil {
		t.Fatalf("entering: %v", err)
	}
}

const room = "standup@conference.meet.example.com"

// TestStarted: H is a holder who comes in, G a guest; h, g: shown out; x, y: the connection of the holder, of the guest is
// lost, X, Y: it is back; . are 20 seconds, , ten minutes, K a kill. Then the room is started, or not.
func TestStarted(t *testing.T) {
	for row, want := range map[string]bool{
		"": false, "H": true, "G": false, "HG": true, "GH": true, "Hh": false, "HGh": true, "HGhg": false, "HGgh": false, "HGhgG": false, "HGhgGH": true,
		"Hx": true, "Hx..": true, "Hx...": false, "Hx..X....": true, "Hx...X": true, "Hx...X,": true, "HxXx..": true,
		"HGx....": true, "HGxy..": true, "HGxy...": false, "HGx..y..": true, "HGx..y...": false, "HGhy..": true, "HGhy...": false, "HGhy...Y": true,
		"Hx,X": true, "Hx,,X": false, "Hx,.,X": false, "HK": true, "HK..": true, "HK...": false, "HK..X...": true, "HK...X": true, "HGhK..": true,
		"HGhK...": false, "HGhK..Y,": true, "HhK": false, "GK": false, "Hx..K..": true, "Hx...K..": true, "HK..K..": true, "HK,,X": false, "HH": true, "HHh": false,
		"HGhgK": false, "Hhx": false, "hHh": false, "XH": true, "HhH": true,
	} {
		t.Run(row, func(t *testing.T) {
			s := newStore()
			lives := strings.Split(row, "K")
			for i, life := range lives {
				run(t, s, occupancy.Limits{}, func(t *testing.T, c *occupancy.Occupancy) {
					for _, step := range life {
						switch step {
						case 'H', 'G':
							enter(t, c, room, strings.ToLower(string(step)), step == 'H')
						case 'h', 'g':
							c.Left(room, string(step))
						case 'x', 'X', 'y', 'Y':
							who := map[rune]string{'x': "h", 'y': "g"}[step|0x20]
							if step < 'a' {
								c.Resumed(who)
							} else {
								c.Disconnected(who)
							}
						case '.':
							time.Sleep(20 * time.Second)
						case ',':
							time.Sleep(10 * time.Minute)
						}
						synctest.Wait()
					}
					if i == len(lives)-1 {
						synctest.Wait()
						if got := s.isStarted(room); got != want {
							t.Errorf("started: %v", got)
						}
					}
				})
			}
		})
	}
}

// TestForgotten: nothing is left in the state of whom Prosody has shown out, nor of who never came back.
func TestForgotten(t *testing.T) {
	s := newStore()
	run(t, s, occupancy.Limits{}, func(t *testing.T, c *occupancy.Occupancy) {
		enter(t, c, room, "alice", true)
		enter(t, c, "other@c", "alice", false)
		enter(t, c, room, "bob", true)
		c.Left(room, "bob")
		c.Left(room, "nobody")
		c.Left("nowhere@c", "alice")
		synctest.Wait()
		if s.len() != 2 {
			t.Errorf("%d in the state", s.len())
		}
		c.Disconnected("alice")
		c.Disconnected("nobody")
		time.Sleep(occupancy.Kept + time.Second)
		if s.len() != 0 || s.isStarted(room) {
			t.Errorf("%d in the state", s.len())
		}
	})
}

// TestLeftOver: a room that the state says is started, and that nobody is in, is not for long.
func TestLeftOver(t *testing.T) {
	s := newStore()
	s.started[room] = true
	run(t, s, occupancy.Limits{}, func(t *testing.T, c *occupancy.Occupancy) {
		synctest.Wait()
		if s.isStarted(room) {
			t.Error("it is started")
		}
	})
}

// TestBroken: what cannot be written starts nothing.
func TestBroken(t *testing.T) {
	s := newStore()
	broken := errors.New("input/output error")
	run(t, s, occupancy.Limits{}, func(t *testing.T, c *occupancy.Occupancy) {
		s.fail = broken
		if err := c.Entered(t.Context(), occupancy.Occupant{Room: room, JID: "alice", Starts: true}); !errors.Is(err, broken) {
			t.Errorf("entered: %v", err)
		}
		if s.isStarted(room) {
			t.Error("it is started")
		}
		s.fail = nil
	})
	s.fail = broken
	if err := occupancy.New(s, s, occupancy.Options{}).Load(t.Context()); !errors.Is(err, broken) {
		t.Errorf("opened: %v", err)
	}
}

// TestBounds: at the bounds those make room who are not connected, and of one account there are so many rooms.
func TestBounds(t *testing.T) {
	for _, l := range []occupancy.Limits{{Occupants: 50, Bytes: 1 << 20, OfOne: 10}, {Occupants: 1000, Bytes: 50 * 8, OfOne: 10}} {
		s := newStore()
		run(t, s, l, func(t *testing.T, c *occupancy.Occupancy) {
			for i := range 60 {
				enter(t, c, fmt.Sprintf("r%02d@", i%20), fmt.Sprintf("a%03d", i), true)
				if i < 30 {
					c.Disconnected(fmt.Sprintf("a%03d", i))
				}
			}
			synctest.Wait()
			if s.len() != 50 {
				t.Errorf("%d in the state", s.len())
			}
			for i := range 40 { // all are connected by then, and nobody makes room
				enter(t, c, fmt.Sprintf("x%02d@", i), fmt.Sprintf("b%03d", i), true)
			}
			synctest.Wait()
			if s.len() > 50 || s.isStarted("x39@") {
				t.Errorf("%d in the state, and the last room is started: %v", s.len(), s.isStarted("x39@"))
			}
			for i := range 30 {
				c.Left(fmt.Sprintf("x%02d@", i), fmt.Sprintf("b%03d", i))
			}
			for i := range 30 {
				enter(t, c, fmt.Sprintf("y%02d@", i), "mallory", true)
			}
			synctest.Wait()
			if s.isStarted("y29@") || !s.isStarted("y00@") {
				t.Error("one account starts any number of rooms, or none")
			}
		})
	}
}

// TestConcurrent is for the race detector, and for locks: in the end everything is told.
func TestConcurrent(t *testing.T) {
	s := newStore()
	run(t, s, occupancy.Limits{}, func(t *testing.T, c *occupancy.Occupancy) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 300 {
					name, jid := fmt.Sprint("r", n%5, "@c"), fmt.Sprint("a", i)
					enter(t, c, name, jid, n%2 == 0)
					c.Disconnected(jid)
					c.Resumed(jid)
					c.Left(name, jid)
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if s.len() != 0 || len(s.StartedHere()) != 0 {
			t.Errorf("left: %d, %q", s.len(), s.StartedHere())
		}
	})
}
