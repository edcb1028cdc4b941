// Package clustertest has what tests of a cluster stand on: a state that merges by the rules of
// the product, and a world of several nodes with an engine, in which anything may go wrong.
//
// It starts goroutines only for what a [World] runs; [World.Close] waits for them.
package clustertest

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/cluster"
	"usher/lobby"
	"usher/moderation"
)

// A State is what a node knows, as the product's is: revocations, the whitelist and sessions. It
// outlives its node. It has one lock, held for a moment.
type State struct {
	now func() time.Time

	mu          sync.Mutex
	revocations map[string]moderation.Revocation
	entries     map[string]lobby.Entry
	sessions    map[moderation.ID]sessionRecord
	journal     []cluster.Fact
	forgotten   uint64                 // changes that the journal no longer has
	changed     chan struct{}          // closed at the next change
	merged      chan struct{}          // closed at the next merge
	broken      error                  // of the next merges
	brief       map[moderation.ID]bool // sessions whose end is told no more
	version     uint32
}

// NewState returns an empty one with a clock of its own.
func NewState(now func() time.Time) *State {
	return &State{now: now, revocations: map[string]moderation.Revocation{}, entries: map[string]lobby.Entry{},
		sessions: map[moderation.ID]sessionRecord{}, brief: map[moderation.ID]bool{}, changed: make(chan struct{}),
		merged: make(chan struct{})}
}

// Backup returns a copy as it is now.
func (s *State) Backup() *State {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewState(s.now)
	c.revocations, c.entries, c.sessions = maps.Clone(s.revocations), maps.Clone(s.entries), maps.Clone(s.sessions)
	c.journal, c.forgotten = slices.Clone(s.journal), s.forgotten
	return c
}

// Break has merges fail, as those of a full disk do; nil: no more.
func (s *State) Break(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// SetClock gives it another clock.
func (s *State) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// change writes a local change, and returns its place.
func (s *State) change(f cluster.Fact) cluster.Mark {
	s.journal = append(s.journal, f)
	close(s.changed)
	s.changed = make(chan struct{})
	return s.lastLocked()
}

func (s *State) lastLocked() cluster.Mark {
	return cluster.Mark{Segment: 1, Offset: s.forgotten + uint64(len(s.journal))}
}

// Revoke revokes a user now.
func (s *State) Revoke(node, user string) (moderation.Revocation, cluster.Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := moderation.Revocation{Host: "h", Issuer: "i", User: user, At: s.now(), Node: node}
	old, there := s.revocations[user]
	if there {
		v = *v.After(&old)
	}
	s.revocations[user] = v
	return v, s.change(ofRevocation(&v))
}

// Lift lifts the revocation of a user, if there is one.
func (s *State) Lift(user string) (cluster.Mark, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, there := s.revocations[user]
	if !there {
		return cluster.Mark{}, false
	}
	v = v.Lift(s.now())
	s.revocations[user] = v
	return s.change(ofRevocation(&v)), true
}

// Knows reports whether a revocation, or a later one, is in force here, or was lifted since.
func (s *State) Knows(v moderation.Revocation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, there := s.revocations[v.User]
	return there && !got.At.Before(v.At)
}

// Revoked reports whether a user's revocation is in force.
func (s *State) Revoked(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, there := s.revocations[user]
	return there && v.InForce()
}

// List adds an entry to the whitelist, or removes it.
func (s *State) List(jid string, gone bool) cluster.Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := lobby.Entry{JID: jid, At: s.now(), Gone: gone}
	if old, there := s.entries[jid]; there {
		e = e.After(old)
	}
	s.entries[jid] = e
	return s.change(ofEntry(e))
}

// Login logs a session in; it may be there already.
func (s *State) Login(node string, id moderation.ID) cluster.Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := sessionRecord{Session: moderation.Session{ID: id, Host: "h", Account: id.String(), Node: node,
		LoggedIn: s.now(), Used: s.now()}}
	if old, there := s.sessions[id]; there {
		r = mergeSessions(r, old)
	}
	s.sessions[id] = r
	return s.change(ofSession(&r))
}

// Logout ends a session, if it is there.
func (s *State) Logout(id moderation.ID) { s.end(id, false) }

// LogoutBriefly is Logout of which only nodes hear that are there: no snapshot has it.
func (s *State) LogoutBriefly(id moderation.ID) { s.end(id, true) }

func (s *State) end(id moderation.ID, brief bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, there := s.sessions[id]
	if !there || r.Ended {
		return
	}
	r = sessionRecord{Session: moderation.Session{ID: id, LoggedIn: r.Session.LoggedIn}, Ended: true}
	s.sessions[id] = r
	f := ofSession(&r)
	if f.Gone = brief; brief {
		s.brief[id] = true
	}
	s.change(f)
}

// Say publishes any fact, which is not kept.
func (s *State) Say(f cluster.Fact) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(f)
}

// Sessions counts the sessions that were heard of.
func (s *State) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Merged waits until so many sessions were heard of.
func (s *State) Merged(ctx context.Context, sessions int) error {
	for {
		s.mu.Lock()
		n, merged := len(s.sessions), s.merged
		s.mu.Unlock()
		if n >= sessions {
			return nil
		}
		select {
		case <-merged:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Understands is that of [cluster.State].
func (s *State) Understands(kind cluster.Kind, version uint32) bool {
	known := kind == cluster.KindRevocation || kind == cluster.KindWhitelist || kind == cluster.KindSession
	return known && version <= s.version
}

// Merge is that of [cluster.State].
func (s *State) Merge(ctx context.Context, facts []cluster.Fact) ([]cluster.Fact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, s.broken
	}
	known := make([]cluster.Fact, 0, len(facts))
	for _, f := range facts {
		got, err := s.mergeLocked(&f)
		if err != nil {
			return nil, err
		}
		known = append(known, got)
	}
	close(s.merged)
	s.merged = make(chan struct{})
	return known, ctx.Err()
}

func (s *State) mergeLocked(f *cluster.Fact) (cluster.Fact, error) {
	switch f.Kind {
	case cluster.KindRevocation:
		var v moderation.Revocation
		if err := json.Unmarshal(f.Body, &v); err != nil {
			return cluster.Fact{}, err
		}
		if old, there := s.revocations[v.User]; there {
			v = moderation.MergeRevocations(old, v)
		}
		s.revocations[v.User] = v
		return ofRevocation(&v), nil
	case cluster.KindWhitelist:
		var e lobby.Entry
		if err := json.Unmarshal(f.Body, &e); err != nil {
			return cluster.Fact{}, err
		}
		if old, there := s.entries[e.JID]; there {
			e = lobby.MergeEntries(old, e)
		}
		s.entries[e.JID] = e
		return ofEntry(e), nil
	}
	var r sessionRecord
	if err := json.Unmarshal(f.Body, &r); err != nil {
		return cluster.Fact{}, err
	}
	if old, there := s.sessions[r.Session.ID]; there {
		r = mergeSessions(old, r)
	}
	s.sessions[r.Session.ID] = r
	known := ofSession(&r)
	if known.Gone = f.Gone && r.Ended; known.Gone {
		s.brief[r.Session.ID] = true
	}
	return known, nil
}

// Facts is that of [cluster.State].
func (s *State) Facts(_ context.Context, scope cluster.Scope) iter.Seq2[cluster.Fact, error] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []cluster.Fact
	if scope == cluster.Global {
		for _, v := range s.revocations {
			list = append(list, ofRevocation(&v))
		}
		for _, e := range s.entries {
			list = append(list, ofEntry(e))
		}
	} else {
		for id, r := range s.sessions {
			if !s.brief[id] {
				list = append(list, ofSession(&r))
			}
		}
	}
	return func(yield func(cluster.Fact, error) bool) {
		for _, f := range list {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Last is that of [cluster.Journal].
func (s *State) Last() cluster.Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastLocked()
}

// Next is that of [cluster.Journal].
func (s *State) Next(ctx context.Context, after cluster.Mark) ([]cluster.Fact, cluster.Mark, error) {
	for {
		s.mu.Lock()
		last, changed := s.lastLocked(), s.changed
		if after.Offset < s.forgotten {
			s.mu.Unlock()
			return nil, cluster.Mark{}, cluster.ErrCut
		}
		facts := slices.Clone(s.journal[after.Offset-s.forgotten:])
		s.mu.Unlock()
		if n := min(len(facts), cluster.MaxPublish); n > 0 {
			return facts[:n], cluster.Mark{Segment: 1, Offset: last.Offset - uint64(len(facts)-n)}, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, cluster.Mark{}, ctx.Err()
		}
	}
}

// ForgetJournal drops what the journal has.
func (s *State) ForgetJournal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgotten += uint64(len(s.journal))
	s.journal = nil
}

// Differs says in what two states are not equal, with or without what is of a cell; or nothing.
func (s *State) Differs(o *State, cell bool) string {
	a, b := s.dump(cell), o.dump(cell)
	for k, v := range a {
		if b[k] != v {
			return fmt.Sprintf("%s: %s and %q", k, v, b[k])
		}
	}
	for k, v := range b {
		if _, there := a[k]; !there {
			return fmt.Sprintf("%s: none and %s", k, v)
		}
	}
	return ""
}

// dump has all that two nodes have to be equal in.
func (s *State) dump(cell bool) map[string]string {
	all := map[string]string{}
	scopes := []cluster.Scope{cluster.Global}
	if cell {
		scopes = append(scopes, cluster.Cell("any"))
	}
	for _, scope := range scopes {
		for f, err := range s.Facts(context.Background(), scope) {
			if err == nil {
				all[fmt.Sprintf("%d %x", f.Kind, f.Key)] = string(f.Body)
			}
		}
	}
	return all
}

func ofRevocation(v *moderation.Revocation) cluster.Fact {
	f := cluster.Fact{Kind: cluster.KindRevocation, Key: cluster.KeyOf(cluster.KindRevocation, v.User), Body: body(v)}
	h := fnv.New64a()
	fmt.Fprintln(h, v.User, v.At.UnixNano(), v.Lifted.UnixNano())
	f.Print = h.Sum64()
	return f
}

func ofEntry(e lobby.Entry) cluster.Fact {
	return cluster.Fact{Kind: cluster.KindWhitelist, Key: cluster.KeyOf(cluster.KindWhitelist, e.JID), Body: body(e)}
}

func body(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a fault of the test
	}
	return b
}
