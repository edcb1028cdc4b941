package clustertest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/internal/cluster"
	"usher/internal/cluster/clustertest"
	"usher/moderation"
)

// A model is some states and all that they ever said, which comes to others in any order, any number of times, or
// never.
type model struct {
	states []*clustertest.State
	said   []cluster.Fact
	clocks []time.Time
}

func newModel(t *rapid.T) *model {
	m := &model{}
	for i := range rapid.IntRange(2, 4).Draw(t, "nodes") {
		m.clocks = append(m.clocks, time.Unix(1000, 0))
		m.states = append(m.states, clustertest.NewState(func() time.Time { return m.clocks[i] }))
	}
	return m
}

func (m *model) any(t *rapid.T) (*clustertest.State, string) {
	i := rapid.IntRange(0, len(m.states)-1).Draw(t, "node")
	return m.states[i], fmt.Sprint("n", i)
}

// do has a node do something, and keeps what it says of it.
func (m *model) do(t *rapid.T) {
	s, name := m.any(t)
	user := rapid.SampledFrom([]string{"u", "v"}).Draw(t, "user")
	id := moderation.ID{rapid.ByteRange(1, 2).Draw(t, "session")}
	before := s.Last()
	switch rapid.IntRange(0, 4).Draw(t, "what") {
	case 0:
		s.Revoke(name, rapid.SampledFrom([]string{user, "w"}).Draw(t, "revoked")) // w is never lifted
	case 1:
		s.Lift(user)
	case 2:
		s.List(user, rapid.Bool().Draw(t, "gone"))
	case 3:
		s.Login(name, id)
	default:
		s.Logout(id)
	}
	if before != s.Last() {
		facts, _, err := s.Next(context.Background(), before)
		if err != nil {
			t.Fatal(err)
		}
		m.said = append(m.said, facts...)
	}
}

// hear has a node hear something that was said at any time.
func (m *model) hear(t *rapid.T) {
	if len(m.said) == 0 {
		t.Skip("nothing was said")
	}
	s, _ := m.any(t)
	merge(t, s, []cluster.Fact{rapid.SampledFrom(m.said).Draw(t, "said")})
}

// pass has time pass at one node: clocks go apart, and back.
func (m *model) pass(t *rapid.T) {
	i := rapid.IntRange(0, len(m.clocks)-1).Draw(t, "clock")
	m.clocks[i] = m.clocks[i].Add(time.Duration(rapid.IntRange(-2, 5).Draw(t, "seconds")) * time.Second)
}

func merge(t *rapid.T, s *clustertest.State, facts []cluster.Fact) {
	if _, err := s.Merge(context.Background(), facts); err != nil {
		t.Fatal(err)
	}
}

// all is everything that a state knows, as it would be sent again.
func all(t *rapid.T, s *clustertest.State) (facts []cluster.Fact) {
	for _, scope := range []cluster.Scope{cluster.Global, cluster.Cell("any")} {
		for f, err := range s.Facts(context.Background(), scope) {
			if err != nil {
				t.Fatal(err)
			}
			facts = append(facts, f)
		}
	}
	return facts
}

// TestModel: whatever each node did and heard, and in whatever order it hears what the others know at last, all know
// the same then; and hearing it again changes nothing.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){"do": m.do, "hear": m.hear, "pass": m.pass})
		var known [][]cluster.Fact
		for _, s := range m.states {
			known = append(known, all(t, s))
		}
		for _, s := range m.states {
			everything := slices.Concat(known...)
			merge(t, s, rapid.Permutation(everything).Draw(t, "order"))
		}
		for _, s := range m.states[1:] {
			if text := m.states[0].Differs(s, true); text != "" {
				t.Fatal(text)
			}
		}
		before := m.states[0].Backup()
		merge(t, m.states[0], slices.Concat(known...))
		if text := before.Differs(m.states[0], true); text != "" {
			t.Fatalf("hearing it again changed %s", text)
		}
	})
}

// TestModelForgetsNothing: a revocation that nobody lifts is in force with whoever heard of it, whatever is heard then.
func TestModelForgetsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		t.Repeat(map[string]func(*rapid.T){"do": m.do, "hear": m.hear, "pass": m.pass})
		v, _ := m.states[0].Revoke("n0", "w")
		said := all(t, m.states[0])
		for _, s := range m.states[1:] {
			merge(t, s, said)
			merge(t, s, m.said)
			if !s.Knows(v) || !s.Revoked("w") {
				t.Fatal("it is not in force")
			}
		}
	})
}
