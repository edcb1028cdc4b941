package moderation

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"usher/auth"
	"usher/lobby"
)

// TestNoLockWhileCompiling: while a regular expression of a token is compiled the lock of the sessions is free, whatever
// asked for it.
func TestNoLockWhileCompiling(t *testing.T) {
	rules, err := lobby.NewRules(lobby.MembersOnly, map[string]bool{"*": true})
	if err != nil {
		t.Fatal(err)
	}
	room := roomNamed(t, "standup")
	for name, do := range map[string]func(*Service, *Host){
		"join":   func(s *Service, _ *Host) { s.Join(t.Context(), "alice@"+testHost, room.JID, "Alice") },
		"before": func(s *Service, _ *Host) { s.BeforeJoin(t.Context(), "alice@"+testHost, room.JID) },
		"close":  func(s *Service, h *Host) { s.sessions.expected(h, room) },
		"create": func(s *Service, _ *Host) {
			s.arrivals.add(room.JID, accountKey{testHost, "alice"}, s.now())
			s.Create(t.Context(), room.JID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := NewPolicy([]HostPolicy{{Host: testHost, MUC: []string{room.Domain}, Lobby: rules}})
			if err != nil {
				t.Fatal(err)
			}
			l, err := lobby.New(t.Context(), noEntries{}, lobby.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s, err := NewSessions(t.Context(), &slowStore{}, p, Options{Lobby: l})
			if err != nil {
				t.Fatal(err)
			}
			id := auth.Identity{Host: testHost, Account: "alice", AccountClaim: "alice", Rooms: []string{"stand.*"}, RoomRegex: true, Expires: s.now().Add(time.Hour)}
			if _, err := s.Record(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			h := p.hosts[testHost]
			h.patterns.mu.Lock() // for as long as that takes
			done := make(chan struct{})
			go func() { defer close(done); do(NewService(ServiceOptions{Sessions: s}), h) }()
			for !compiles() {
				select {
				case <-done:
					t.Fatal("nothing was compiled")
				case <-time.After(time.Millisecond):
				}
			}
			if free := s.mu.TryLock(); free {
				s.mu.Unlock()
			} else {
				t.Error("it is held")
			}
			h.patterns.mu.Unlock()
			<-done
		})
	}
}

// compiles reports whether a goroutine waits to compile, or is about to.
func compiles() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*patterns).get("))
}

// noEntries is a lobby's store in which nothing is.
type noEntries struct{}

func (noEntries) LoadLobby(context.Context) (lobby.State, error) { return lobby.State{}, nil }

func (noEntries) ApplyLobby(context.Context, ...lobby.Change) error { return nil }
