// Package storetest is what every state must pass.
package storetest

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/occupancy"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

// A Store is all that a state keeps.
type Store interface {
	sessions.Store
	streams.Store
	occupancy.Store
	lobby.Store
	Secret(ctx context.Context, name string) ([]byte, error)
}

// A Backend is a kind of state.
type Backend struct {
	// New returns a function that opens one state, empty at first, each time
	// after it was closed.
	New func(t *testing.T) (open func() Store)

	// Lasting says that what was applied is there when it is opened again.
	Lasting bool
}

// Run runs the suite.
func Run(t *testing.T, b Backend) {
	for name, test := range map[string]func(*testing.T, *subject){
		"Empty":     func(t *testing.T, s *subject) { s.is(t, moderationtest.State{}) },
		"RoundTrip": roundTrip, "Replace": replace, "Delete": remove, "Names": names, "Concurrent": concurrent,
		"Late": late, "NewestFirst": newestFirst, "LateRoom": lateRoom, "Revocations": revocations,
		"Sync": syncs, "Ends": ends,
		"Lobby": lobbyLists, "Streams": resumable, "Occupants": occupants, "Secrets": secrets,
	} {
		t.Run(name, func(t *testing.T) {
			s := &subject{Backend: b, open: b.New(t)}
			s.Store = s.open()
			test(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("closing: %v", err)
			}
		})
	}
}

// A subject is one state under test.
type subject struct {
	Backend
	Store
	open func() Store
}

func (s *subject) apply(t *testing.T, changes ...sessions.Change) {
	t.Helper()
	if err := s.Apply(t.Context(), changes...); err != nil {
		t.Fatalf("applying: %v", err)
	}
}

// is opens the state again and compares.
func (s *subject) is(t *testing.T, want moderationtest.State) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	s.Store = s.open()
	got, err := moderationtest.Kept(t.Context(), s.Store)
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	if !s.Lasting {
		want = moderationtest.State{}
	}
	for _, state := range []*moderationtest.State{&got, &want} {
		order(state)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, want)
	}
}

// order makes two states comparable: lists in order, and empty ones nil.
func order(s *moderationtest.State) {
	slices.SortFunc(s.Sessions, func(a, b moderation.Session) int {
		return strings.Compare(a.ID.String(), b.ID.String())
	})
	slices.SortFunc(s.Assignments, func(a, b moderation.Assignment) int {
		return cmp.Or(strings.Compare(a.Room, b.Room), strings.Compare(a.JID, b.JID))
	})
	slices.SortFunc(s.Rooms, func(a, b moderation.Room) int { return strings.Compare(a.JID, b.JID) })
	slices.SortFunc(s.Revocations, func(a, b moderation.Revocation) int {
		return cmp.Or(strings.Compare(a.TokenPrint, b.TokenPrint), strings.Compare(a.User, b.User))
	})
}

// at is a time with nanoseconds, and no monotonic clock.
func at(seconds int64) time.Time { return time.Unix(seconds, 123456789).UTC() }

func session(n byte) *moderation.Session {
	return &moderation.Session{ID: moderation.ID{n, 0xff}, Host: "meet.example.com", Account: fmt.Sprintf("alice%d", n),
		User: fmt.Sprintf("Alice%d", n), IssuedAt: 1, Random: true, Issuer: "my-app", KeyID: "k1",
		KeyPrint: "0123", TokenPrint: fmt.Sprintf("t%d", n), TokenID: "jti", Subject: "meet.example.com",
		Rooms: []string{"standup", "*"}, RoomRegex: true,
		Moderator: true, LobbyBypass: auth.Yes, RoomLobby: auth.No, Autostart: auth.Yes, LoggedIn: at(1), Used: at(2),
		Expires: at(98753496345), Resumption: "00ff"}
}

func assignment(room, jid string) *moderation.Assignment {
	return &moderation.Assignment{Room: room, JID: jid, Affiliation: moderation.Owner, Session: moderation.ID{7},
		At: at(3), Confirmed: true, Lobby: true, External: true, Overridden: true, End: moderation.EndRevoked}
}

func roundTrip(t *testing.T, s *subject) {
	g, least := session(1), &moderation.Session{ID: moderation.ID{2}}
	v := assignment("standup@conference.example.com", "alice@example.com")
	r := &moderation.Room{JID: v.Room, Started: true, Joined: at(4), Lobby: moderation.On, MembersOnly: true}
	rev := &moderation.Revocation{TokenPrint: "t1", At: at(4), Expires: at(5), Accounts: []string{"alice@example.com"}}
	s.apply(t, sessions.Change{PutSession: g}, sessions.Change{PutSession: least}, sessions.Change{PutAssignment: v},
		sessions.Change{PutRoom: r}, sessions.Change{PutRevocation: rev})
	s.apply(t)
	s.is(t, moderationtest.State{Sessions: []moderation.Session{*g, *least}, Assignments: []moderation.Assignment{*v},
		Rooms: []moderation.Room{*r}, Revocations: []moderation.Revocation{*rev}})
}

func replace(t *testing.T, s *subject) {
	first, second := session(1), session(1)
	second.Moderator, second.Rooms, second.Resumption = false, nil, ""
	v1, v2 := assignment("r@c", "a@h"), assignment("r@c", "a@h")
	v2.Affiliation, v2.End = moderation.Member, ""
	s.apply(t, sessions.Change{PutSession: first}, sessions.Change{PutAssignment: v1},
		sessions.Change{PutRoom: &moderation.Room{JID: "r@c"}},
		sessions.Change{PutRevocation: &moderation.Revocation{TokenPrint: "t"}})
	s.apply(t, sessions.Change{PutSession: second}, sessions.Change{PutAssignment: v2},
		sessions.Change{PutRoom: &moderation.Room{JID: "r@c", Started: true}},
		sessions.Change{PutRevocation: &moderation.Revocation{TokenPrint: "t", Expires: at(1)}})
	s.is(t, moderationtest.State{Sessions: []moderation.Session{*second}, Assignments: []moderation.Assignment{*v2},
		Rooms:       []moderation.Room{{JID: "r@c", Started: true}},
		Revocations: []moderation.Revocation{{TokenPrint: "t", Expires: at(1)}}})
}

func remove(t *testing.T, s *subject) {
	g, stays := session(1), session(2)
	v := assignment("r@c", "a@h")
	key := moderation.AssignmentKey{Room: "r@c", JID: "a@h"}
	other := moderation.AssignmentKey{Room: "r@c", JID: "nobody@h"}
	s.apply(t, sessions.Change{PutSession: g}, sessions.Change{PutSession: stays}, sessions.Change{PutAssignment: v},
		sessions.Change{PutRoom: &moderation.Room{JID: "r@c"}},
		sessions.Change{PutRevocation: &moderation.Revocation{TokenPrint: "t"}})
	s.apply(t, sessions.Change{DeleteSession: login(g)}, sessions.Change{DeleteAssignment: &key},
		sessions.Change{DeleteAssignment: &other}, sessions.Change{DeleteRoom: &moderation.RoomKey{JID: "r@c"}},
		sessions.Change{DeleteRevocation: &auth.Principal{Token: "t"}})
	s.apply(t, sessions.Change{DeleteSession: login(g)}) // what is not there is no error
	s.is(t, moderationtest.State{Sessions: []moderation.Session{*stays}})
}

func login(g *moderation.Session) *moderation.Login {
	return &moderation.Login{ID: g.ID, LoggedIn: g.LoggedIn}
}

// late: what is said about an earlier login of a session, and comes after a later
// one was acknowledged, does not touch that.
func late(t *testing.T, s *subject) {
	first, second := session(1), session(1)
	second.LoggedIn, second.Moderator = at(10), false
	s.apply(t, sessions.Change{PutSession: first})
	s.apply(t, sessions.Change{PutSession: second})
	s.apply(t, sessions.Change{DeleteSession: login(first)})
	s.apply(t, sessions.Change{PutSession: first})
	s.is(t, moderationtest.State{Sessions: []moderation.Session{*second}})
	s.apply(t, sessions.Change{PutSession: second}, sessions.Change{DeleteSession: login(second)})
	s.is(t, moderationtest.State{})
}

// lateRoom: what is said about an earlier room of a name does not touch the one that
// began since.
func lateRoom(t *testing.T, s *subject) {
	first := moderation.Room{JID: "r@c", Began: 1 << 60}
	second := moderation.Room{JID: "r@c", Began: 1<<60 + 1, Started: true}
	gone := &moderation.RoomKey{JID: "r@c", Began: first.Began}
	s.apply(t, sessions.Change{PutRoom: &first})
	s.apply(t, sessions.Change{PutRoom: &second})
	s.apply(t, sessions.Change{DeleteRoom: gone})
	s.is(t, moderationtest.State{Rooms: []moderation.Room{second}})
	s.apply(t, sessions.Change{DeleteRoom: &moderation.RoomKey{JID: "r@c", Began: second.Began}},
		sessions.Change{PutRoom: &first}, sessions.Change{DeleteRoom: gone})
	s.is(t, moderationtest.State{})
}

// revocations are of a token or of a person, whose letter case counts for nothing.
func revocations(t *testing.T, s *subject) {
	person := &moderation.Revocation{Host: "h", Issuer: "i", User: "Alice", At: at(1), Accounts: []string{"alice@h"}}
	later, other, token := *person, *person, moderation.Revocation{TokenPrint: "t", At: at(2)}
	later.User, later.At = "ALICE", at(3)
	other.Issuer, other.User = "another", "Bob"
	s.apply(t, sessions.Change{PutRevocation: person}, sessions.Change{PutRevocation: &other},
		sessions.Change{PutRevocation: &token})
	s.apply(t, sessions.Change{PutRevocation: &later})
	gone := other.Principal()
	s.apply(t, sessions.Change{DeleteRevocation: &gone})
	s.is(t, moderationtest.State{Revocations: []moderation.Revocation{later, token}})
}

// syncs: it is an error only where Apply is one.
func syncs(t *testing.T, s *subject) {
	s.apply(t, sessions.Change{PutSession: session(1)})
	if err := s.Sync(t.Context()); err != nil {
		t.Errorf("syncing: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Sync(t.Context()) == nil {
		t.Error("a closed state was synced")
	}
	s.Store = s.open()
}

// names are data, whatever is in them.
func names(t *testing.T, s *subject) {
	var want moderationtest.State
	for i, name := range []string{"'; DROP TABLE grants; --", "ünï¢ode", "a\"b", "%d1%82", "[tenant]room",
		strings.Repeat("x", 1023), "?_pragma=x", "né́"} {
		g := session(byte(i))
		g.Account, g.Rooms = name, []string{name}
		v := assignment(name+"@c", name+"@h")
		s.apply(t, sessions.Change{PutSession: g}, sessions.Change{PutAssignment: v})
		want.Sessions, want.Assignments = append(want.Sessions, *g), append(want.Assignments, *v)
	}
	s.is(t, want)
}

// concurrent writers lose nothing.
func concurrent(t *testing.T, s *subject) {
	const n = 200
	var want moderationtest.State
	var writers sync.WaitGroup
	for i := range n {
		g := session(1)
		g.ID[2] = byte(i)
		want.Sessions = append(want.Sessions, *g)
		writers.Go(func() {
			if err := s.Apply(t.Context(), sessions.Change{PutSession: g}); err != nil {
				t.Errorf("applying: %v", err)
			}
		})
	}
	writers.Wait()
	s.is(t, want)
}

// newestFirst: who logged in last is known first.
func newestFirst(t *testing.T, s *subject) {
	for _, n := range []byte{3, 1, 4, 2} {
		g := session(n)
		g.LoggedIn = at(int64(n))
		s.apply(t, sessions.Change{PutSession: g})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s.Store = s.open()
	var order []byte
	for g, err := range s.Sessions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, g.ID[0])
	}
	if s.Lasting && !slices.Equal(order, []byte{4, 3, 2, 1}) || !s.Lasting && order != nil {
		t.Errorf("in the order %v", order)
	}
	for range s.Sessions(t.Context()) { // who has enough may stop
		break
	}
}

// ends: a context or a state that has ended is an error, and no hang.
func ends(t *testing.T, s *subject) {
	over, cancel := context.WithCancel(t.Context())
	cancel()
	s.apply(t, sessions.Change{PutSession: session(1)})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.Apply(t.Context(), sessions.Change{PutSession: session(2)}) == nil ||
		s.Apply(over, sessions.Change{PutSession: session(2)}) == nil {
		t.Error("a closed state took a change")
	}
	s.Store = s.open()
	s.is(t, moderationtest.State{Sessions: []moderation.Session{*session(1)}})
}

// lobbyLists: entries and verdicts are put, replaced and deleted, whatever is in
// their names.
func lobbyLists(t *testing.T, s *subject) {
	apply := func(changes ...lobby.Change) {
		t.Helper()
		if err := s.ApplyLobby(t.Context(), changes...); err != nil {
			t.Fatalf("applying: %v", err)
		}
	}
	e := lobby.Entry{JID: "'; DROP TABLE grants; --@example.com", Room: "board-*", Until: at(6), Note: "ünï"}
	other, everywhere := e, e
	other.Note, everywhere.Room = "another", ""
	v := lobby.Verdict{Room: "r@c", JID: "a@h", Admitted: true, By: "m@h", At: at(7)}
	denied := lobby.Verdict{Room: "r@c", JID: "b@h", At: at(8)}
	gone, goneVerdict := everywhere.Key(), lobby.VerdictKey{Room: "r@c", JID: "b@h"}
	apply(lobby.Change{PutEntry: &e}, lobby.Change{PutEntry: &everywhere}, lobby.Change{PutVerdict: &v},
		lobby.Change{PutVerdict: &denied})
	apply(lobby.Change{PutEntry: &other}, lobby.Change{DeleteEntry: &gone}, lobby.Change{DeleteVerdict: &goneVerdict})
	apply(lobby.Change{DeleteEntry: &gone}) // what is not there is no error
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s.ApplyLobby(t.Context(), lobby.Change{PutEntry: &e}) == nil {
		t.Error("a closed state took a change")
	}
	s.Store = s.open()
	got, err := s.LoadLobby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := lobby.State{Entries: []lobby.Entry{other}, Verdicts: []lobby.Verdict{v}}
	if !s.Lasting {
		want = lobby.State{}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("kept\n%+v\nwant\n%+v", got, want)
	}
}
