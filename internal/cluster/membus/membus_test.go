package membus_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/bustest"
	"usher/internal/cluster/membus"
)

type engine struct{ *membus.Engine }

func (e engine) Connect(*testing.T) cluster.Bus                   { return e.Client() }
func (e engine) Trim(_ *testing.T, scope cluster.Scope, keep int) { e.Engine.Trim(scope, keep) }

func TestConformance(t *testing.T) {
	bustest.Run(t, synctest.Test, func(*testing.T) bustest.Engine { return engine{membus.New()} })
}

// TestLose: what a failover loses is gone from the log and from the snapshot, whose older values are back; who was
// behind it is told, and numbers that were lost can be published again.
func TestLose(t *testing.T) {
	e := membus.New()
	c := e.Client()
	list := bustest.Entries("a", 1, 1, 6)
	list[4].Field = list[0].Field
	for _, v := range list[:5] {
		publish(t, c, v)
	}
	at, err := c.End(t.Context(), cluster.Global)
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Lose(cluster.Global, 2); n != 2 || e.Length(cluster.Global) != 3 {
		t.Errorf("%d lost", n)
	}
	is(t, c, list[0], list[1], list[2])
	never := func(cluster.Batch) error { return errors.New("it goes on") }
	if err := c.Follow(t.Context(), cluster.Global, at, never); !errors.Is(err, cluster.ErrCut) {
		t.Errorf("who had read what is lost: %v", err)
	}
	publish(t, c, list[3])
	is(t, c, list[0], list[1], list[2], list[3])
	if n := e.Lose(cluster.Global, 100); n != 4 {
		t.Errorf("%d lost", n)
	}
	is(t, c)
}

func publish(t *testing.T, c *membus.Client, v cluster.Sealed) {
	t.Helper()
	if err := c.Publish(t.Context(), cluster.Global, []cluster.Sealed{v}); err != nil {
		t.Fatal(err)
	}
}

// is fails the test if the snapshot is not of these entries.
func is(t *testing.T, c *membus.Client, want ...cluster.Sealed) {
	t.Helper()
	got := map[string]uint64{}
	if err := c.Snapshot(t.Context(), cluster.Global, "a", func(part []cluster.Sealed) error {
		for _, v := range part {
			got[v.Field] = v.Number
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d fields, not %d", len(got), len(want))
	}
	for _, v := range want {
		if got[v.Field] != v.Number {
			t.Errorf("%s is of number %d, not %d", v.Field, got[v.Field], v.Number)
		}
	}
}

// TestFaults: a lost question changes nothing, a lost answer does, and a late one comes later; a cut connection fails
// whoever waits, until it is joined.
func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := membus.New()
		c := e.Client()
		var f membus.Fault
		c.Break(func(string) membus.Fault { return f })
		for _, step := range []struct {
			fault membus.Fault
			away  bool
			took  time.Duration
			there int
		}{
			{membus.Fault{LoseAsk: true}, true, 0, 0},
			{membus.Fault{LoseAnswer: true}, true, 0, 1},
			{membus.Fault{Late: time.Second}, false, time.Second, 1},
			{membus.Fault{}, false, 0, 1},
		} {
			f = step.fault
			began := time.Now()
			err := c.Publish(t.Context(), cluster.Global, bustest.Entries("a", 1, 1, 1))
			if errors.Is(err, cluster.ErrAway) != step.away || time.Since(began) != step.took ||
				e.Length(cluster.Global) != step.there {
				t.Errorf("%+v: %v after %v, %d there", step.fault, err, time.Since(began), e.Length(cluster.Global))
			}
		}
		ended := make(chan error)
		go func() {
			ended <- c.Follow(t.Context(), cluster.Global, "", func(cluster.Batch) error { return nil })
		}()
		synctest.Wait()
		c.Cut(true)
		if err := <-ended; !errors.Is(err, cluster.ErrAway) {
			t.Errorf("cut: %v", err)
		}
		if _, err := c.End(t.Context(), cluster.Global); !errors.Is(err, cluster.ErrAway) {
			t.Errorf("cut: %v", err)
		}
		c.Cut(false)
		if _, err := c.End(t.Context(), cluster.Global); err != nil {
			t.Errorf("joined again: %v", err)
		}
	})
}

// TestTamper: values can be replaced and removed behind everybody's back.
func TestTamper(t *testing.T) {
	e := membus.New()
	c := e.Client()
	list := bustest.Entries("a", 1, 1, 2)
	publish(t, c, list[0])
	publish(t, c, list[1])
	e.Tamper(cluster.Global, "a", func(v cluster.Sealed) []byte {
		if v.Number == 1 {
			return nil
		}
		return v.Value
	})
	is(t, c, list[1])
}
