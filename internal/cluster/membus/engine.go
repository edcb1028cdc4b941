// Package membus is a [cluster.Bus] in memory, with the awkward habits of a real engine: it
// trims its logs, loses its end at a failover, answers late, does what it then does not
// confirm, and goes away.
//
// It starts no goroutine. An [Engine] has one lock, held for a moment; the faults of a
// client are asked for without it.
package membus

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"usher/internal/cluster"
)

// An Engine keeps what the clients share. Time is that of time.Now, so that a test in a
// bubble of testing/synctest has it in its hands.
type Engine struct {
	mu     sync.Mutex
	scopes map[cluster.Scope]*scope
	length int // of each log
}

// New returns an empty engine whose logs keep [cluster.LogLength] entries.
func New() *Engine { return &Engine{scopes: map[cluster.Scope]*scope{}, length: cluster.LogLength} }

// A scope is a log and its snapshots. The engine's lock guards it.
type scope struct {
	log     []logged
	trimmed id // of the last entry that was trimmed away
	last    id // of the last entry, trimmed or not
	nodes   map[string]*node
	lease   lease
	once    map[string]time.Time // until when a name is given
	changed chan struct{}        // closed at the next change of the log
}

type node struct {
	fields      map[string]cluster.Sealed
	incarnation uint64
	number      uint64 // the last of this incarnation
}

// A logged is an entry with what is needed to undo it.
type logged struct {
	id
	cluster.Sealed
	before *node // the values of the node before, but for the fields
	field  *cluster.Sealed
}

type lease struct {
	holder string
	number uint64
	ends   time.Time
}

// An id is the place of an entry: the engine's clock, and a count within its millisecond.
type id struct{ ms, seq int64 }

func (i id) String() string { return fmt.Sprintf("%d-%d", i.ms, i.seq) }

func (i id) less(j id) bool { return i.ms < j.ms || i.ms == j.ms && i.seq < j.seq }

func parse(p cluster.Position) (i id, err error) {
	if p == "" {
		return id{}, nil
	}
	if _, err = fmt.Sscanf(string(p), "%d-%d", &i.ms, &i.seq); err != nil {
		return id{}, fmt.Errorf("%w: %q is no position", cluster.ErrRefused, p)
	}
	return i, nil
}

func (e *Engine) scopeLocked(name cluster.Scope) *scope {
	s := e.scopes[name]
	if s == nil {
		s = &scope{nodes: map[string]*node{}, changed: make(chan struct{})}
		e.scopes[name] = s
	}
	return s
}

// wake has those who follow look again.
func (s *scope) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *scope) publish(entries []cluster.Sealed, length int) {
	for _, v := range entries {
		n := s.nodes[v.Node]
		if n == nil {
			n = &node{fields: map[string]cluster.Sealed{}}
			s.nodes[v.Node] = n
		}
		if n.incarnation == v.Incarnation && v.Number <= n.number {
			continue
		}
		s.append(n, v)
	}
	s.trim(length)
	s.wake()
}

func (s *scope) append(n *node, v cluster.Sealed) {
	next := id{ms: time.Now().UnixMilli()}
	if !s.last.less(next) {
		next = id{s.last.ms, s.last.seq + 1}
	}
	v.Value = slices.Clone(v.Value)
	was := logged{id: next, Sealed: v, before: &node{incarnation: n.incarnation, number: n.number}}
	if old, there := n.fields[v.Field]; there {
		was.field = &old
	}
	switch {
	case v.Drop:
		delete(n.fields, v.Field)
	case v.Field != "":
		n.fields[v.Field] = v
	}
	n.incarnation, n.number = v.Incarnation, v.Number
	s.log, s.last = append(s.log, was), next
}

func (s *scope) trim(length int) {
	if over := len(s.log) - length; over > 0 {
		s.trimmed = s.log[over-1].id
		s.log = slices.Delete(s.log, 0, over)
	}
}

// Trim leaves a log no more than its last entries.
func (e *Engine) Trim(name cluster.Scope, keep int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.scopeLocked(name)
	s.trim(keep)
	s.wake()
}

// Lose undoes the last writes of a scope, as a failover does to a replica that was behind:
// in the log, in the snapshots and in what is known of numbers. It returns how many it undid:
// what was trimmed is not undone.
func (e *Engine) Lose(name cluster.Scope, n int) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.scopeLocked(name)
	n = min(n, len(s.log))
	for range n {
		s.undo()
	}
	s.wake()
	return n
}

func (s *scope) undo() {
	v := s.log[len(s.log)-1]
	s.log = s.log[:len(s.log)-1]
	s.last = s.trimmed
	if len(s.log) > 0 {
		s.last = s.log[len(s.log)-1].id
	}
	n := s.nodes[v.Node]
	if n == nil {
		return // it was forgotten since
	}
	n.incarnation, n.number = v.before.incarnation, v.before.number
	if v.field != nil {
		n.fields[v.Field] = *v.field
	} else {
		delete(n.fields, v.Field)
	}
	if n.number == 0 && len(n.fields) == 0 {
		delete(s.nodes, v.Node)
	}
}

// Tamper replaces or, with nil, removes values of a node's snapshot: who can write to the
// engine can do it.
func (e *Engine) Tamper(name cluster.Scope, node string, change func(cluster.Sealed) []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.scopeLocked(name).nodes[node]
	if n == nil {
		return
	}
	for _, field := range slices.Sorted(maps.Keys(n.fields)) {
		v := n.fields[field]
		v.Value = change(v)
		n.fields[field] = v
		if v.Value == nil {
			delete(n.fields, field)
		}
	}
}

// Length returns how many entries a log has.
func (e *Engine) Length(name cluster.Scope) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.scopeLocked(name).log)
}
