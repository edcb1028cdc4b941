package moderation_test

import (
	"bytes"
	"context"
	"runtime"
	"testing"
	"time"

	"usher/lobby"
	"usher/moderation"
	"usher/moderation/moderationtest"
)

// TestNoLockWhileCompiling: while a regular expression of a token is compiled the lock of the sessions is free, whatever
// asked for it.
func TestNoLockWhileCompiling(t *testing.T) {
	rules, err := lobby.NewRules(lobby.MembersOnly, map[string]bool{"*": true})
	if err != nil {
		t.Fatal(err)
	}
	const alice = "alice@" + moderationtest.Host
	room, err := moderation.ParseRoom("standup@" + moderationtest.Conference)
	if err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(*testing.T, *moderationtest.World, *moderation.Host){
		"join": func(t *testing.T, w *moderationtest.World, _ *moderation.Host) {
			w.Join(t.Context(), alice, room.JID, "Alice")
		},
		"before": func(t *testing.T, w *moderationtest.World, _ *moderation.Host) {
			w.BeforeJoin(t.Context(), alice, room.JID)
		},
		"close": func(t *testing.T, w *moderationtest.World, _ *moderation.Host) {
			k, _ := w.Connect(moderationtest.New(t, moderationtest.InOrder, moderationtest.Delays{}).Everywhere())
			k.Urgent(room.JID, "nobody@"+moderationtest.Host)
			_ = k.Run(t.Context())
		},
		"create": func(_ *testing.T, w *moderationtest.World, h *moderation.Host) {
			moderation.Seeds(h, room, w.Rooms().Candidates(h, room, []string{alice}, true), true, nil, w.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: moderationtest.Host, MUC: []string{room.Domain}, Lobby: rules}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Policy: p, Lobby: true})
			id := w.Identity("alice", "t", "stand.*")
			id.RoomRegex = true
			w.Login(t, id)
			h := p.Host(moderationtest.Host)
			letGo := h.HoldPatterns() // for as long as that takes
			done := make(chan struct{})
			go func() { defer close(done); do(t, w, h) }()
			for !compiles() {
				select {
				case <-done:
					t.Fatal("nothing was compiled")
				case <-time.After(time.Millisecond):
				}
			}
			if !isFree(w) {
				t.Error("it is held")
			}
			letGo()
		})
	}
}

// compiles reports whether a goroutine waits to compile, or is about to.
func compiles() bool {
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*patterns).get("))
}

// isFree reports whether the lock can be taken to write, soon.
func isFree(w *moderationtest.World) bool {
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		w.Rooms().DropOverridden(context.Background(), moderation.AssignmentKey{})
	}()
	select {
	case <-wrote:
		return true
	case <-time.After(5 * time.Second):
		return false
	}
}
