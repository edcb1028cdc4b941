// Package bustest is what every [cluster.Bus] has to do, as tests.
package bustest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/internal/cluster"
)

// An Engine is an empty one that a test has for itself.
type Engine interface {
	// Connect returns another connection, which the engine closes at the end of the test.
	Connect(t *testing.T) cluster.Bus
	// Trim has the engine leave a log no more than its last entries.
	Trim(t *testing.T, scope cluster.Scope, keep int)
}

// Run runs all tests, each on an engine of its own. Within runs a test where time may pass: in
// a bubble, or as it is.
func Run(t *testing.T, within func(*testing.T, func(*testing.T)), start func(*testing.T) Engine) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Engine)
	}{
		{"Publish", testPublish},
		{"Repeat", testRepeat},
		{"OneStep", testOneStep},
		{"Wrong", testWrong},
		{"Scopes", testScopes},
		{"Follow", testFollow},
		{"FollowWaits", testFollowWaits},
		{"FollowMany", testFollowMany},
		{"FollowStops", testFollowStops},
		{"Trimmed", testTrimmed},
		{"TrimmedMeanwhile", testTrimmedMeanwhile},
		{"Snapshot", testSnapshot},
		{"SnapshotOfMany", testSnapshotOfMany},
		{"Drop", testDrop},
		{"CatchUp", testCatchUp},
		{"Forget", testForget},
		{"Lease", testLease},
		{"LeaseEnds", testLeaseEnds},
		{"Once", testOnce},
		{"ContextEnded", testContextEnded},
	} {
		t.Run(c.name, func(t *testing.T) {
			within(t, func(t *testing.T) { c.test(t, start(t)) })
		})
	}
}

// Entries returns so many of a node, numbered from first on, each about a thing of its own.
func Entries(node string, incarnation, first uint64, n int) []cluster.Sealed {
	list := make([]cluster.Sealed, n)
	for i := range list {
		number := first + uint64(i)
		list[i] = cluster.Sealed{Node: node, Incarnation: incarnation, Number: number,
			Field: fmt.Sprintf("f:%d", number), Value: fmt.Appendf(nil, "\x00\r\n%d of %s\xff", number, node)}
	}
	return list
}

func publish(t *testing.T, b cluster.Bus, scope cluster.Scope, entries ...cluster.Sealed) {
	t.Helper()
	if err := b.Publish(t.Context(), scope, entries); err != nil {
		t.Fatal(err)
	}
}

func end(t *testing.T, b cluster.Bus, scope cluster.Scope) cluster.Position {
	t.Helper()
	p, err := b.End(t.Context(), scope)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var errEnough = errors.New("enough")

// read returns what the log has from a position to its end.
func read(t *testing.T, b cluster.Bus, scope cluster.Scope, from cluster.Position) []cluster.Logged {
	t.Helper()
	var list []cluster.Logged
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := b.Follow(ctx, scope, from, func(batch cluster.Batch) error {
		if list = append(list, batch.Entries...); batch.End {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatalf("following: %v", err)
	}
	return list
}

// snapshot returns what a node's snapshot has, by field.
func snapshot(t *testing.T, b cluster.Bus, scope cluster.Scope, node string) map[string]cluster.Sealed {
	t.Helper()
	all := map[string]cluster.Sealed{}
	err := b.Snapshot(t.Context(), scope, node, func(part []cluster.Sealed) error {
		for _, v := range part {
			all[v.Field] = v
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func same(a, b cluster.Sealed) bool {
	return a.Node == b.Node && a.Incarnation == b.Incarnation && a.Number == b.Number && a.Field == b.Field &&
		string(a.Value) == string(b.Value) && a.Drop == b.Drop
}

// isLog fails the test if these are not the entries, in their order, at places of their own.
func isLog(t *testing.T, got []cluster.Logged, want ...cluster.Sealed) {
	t.Helper()
	places := map[cluster.Position]bool{}
	for _, v := range got {
		places[v.Position] = true
		if age := time.Since(v.At); age < -time.Second || age > time.Minute {
			t.Errorf("taken %v ago", age)
		}
	}
	if !slices.EqualFunc(got, want, func(g cluster.Logged, w cluster.Sealed) bool { return same(g.Sealed, w) }) ||
		len(places) != len(got) || places[""] {
		t.Fatalf("the log is\n%v\nand should be\n%v", got, want)
	}
}

// isSnapshot fails the test if a snapshot is not of these entries.
func isSnapshot(t *testing.T, got map[string]cluster.Sealed, want ...cluster.Sealed) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("the snapshot has %d fields, not %d", len(got), len(want))
	}
	for _, w := range want {
		if !same(got[w.Field], w) {
			t.Fatalf("%s is %v, not %v", w.Field, got[w.Field], w)
		}
	}
}
