package cluster_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"usher/internal/cluster"
)

var oldSecret, newSecret = []byte(strings.Repeat("old", 11)), []byte(strings.Repeat("new", 11))

func keys(t testing.TB, name string, secrets ...[]byte) *cluster.Keys {
	t.Helper()
	k, err := cluster.NewKeys(name, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func entry() cluster.Entry {
	return cluster.Entry{Scope: cluster.Cell("shard1"), Node: "a", Incarnation: 1 << 60, Number: 12,
		Time: time.Unix(5, 6), Fact: cluster.Fact{Kind: cluster.KindSession, Version: 2,
			Key: cluster.KeyOf(cluster.KindSession, "x"), Must: true, Lease: 9, Ends: time.Unix(7, 8), Body: []byte{0, 255}}}
}

func seal(t testing.TB, k *cluster.Keys, e cluster.Entry) cluster.Sealed {
	t.Helper()
	s, err := k.Seal(&e)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.CheckPublish([]cluster.Sealed{s}); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSealed: what was sealed is opened as it was, by each key that is known, whatever is empty.
func TestSealed(t *testing.T) {
	k := keys(t, "c", newSecret, oldSecret)
	logged, gone, least := entry(), entry(), cluster.Entry{Scope: cluster.Global, Node: "a", Incarnation: 1, Number: 1}
	logged.Logged, gone.Gone, gone.Body, least.Kind = true, true, nil, cluster.KindHeartbeat
	large := entry()
	large.Body = bytes.Repeat([]byte{7}, cluster.MaxBody)
	for _, e := range []cluster.Entry{entry(), logged, gone, least, large} {
		for _, signer := range []*cluster.Keys{k, keys(t, "c", oldSecret)} {
			s := seal(t, signer, e)
			got, err := k.Open(e.Scope, &s)
			if err != nil || !reflect.DeepEqual(got, e) {
				t.Errorf("%v\n%+v\n%+v", err, got, e)
			}
		}
	}
	large.Body = append(large.Body, 0)
	if _, err := k.Seal(&large); err == nil {
		t.Error("a body that is too long is sealed")
	}
}

// TestForged: an entry that anything was changed of, or that lies anywhere else, is not believed.
func TestForged(t *testing.T) {
	k := keys(t, "c", newSecret)
	for name, change := range map[string]func(*cluster.Sealed){
		"node":        func(s *cluster.Sealed) { s.Node = "b" },
		"incarnation": func(s *cluster.Sealed) { s.Incarnation++ },
		"number":      func(s *cluster.Sealed) { s.Number++ },
		"field":       func(s *cluster.Sealed) { s.Field = s.Field[1:] + "A" },
		"no field":    func(s *cluster.Sealed) { s.Field = "" },
		"drop":        func(s *cluster.Sealed) { s.Drop = true },
		"short":       func(s *cluster.Sealed) { s.Value = s.Value[:32] },
		"nothing":     func(s *cluster.Sealed) { s.Value = nil },
	} {
		s := seal(t, k, entry())
		change(&s)
		if _, err := k.Open(entry().Scope, &s); !errors.Is(err, cluster.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := seal(t, k, entry())
	for i := range s.Value {
		s.Value[i] ^= 1
		if _, err := k.Open(entry().Scope, &s); !errors.Is(err, cluster.ErrForged) {
			t.Errorf("byte %d: %v", i, err)
		}
		s.Value[i] ^= 1
	}
	for name, other := range map[string]*cluster.Keys{"another cluster": keys(t, "d", newSecret),
		"another secret": keys(t, "c", oldSecret)} {
		if _, err := other.Open(entry().Scope, &s); !errors.Is(err, cluster.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, scope := range []cluster.Scope{cluster.Global, cluster.Cell("shard2"), ""} {
		if _, err := k.Open(scope, &s); !errors.Is(err, cluster.ErrForged) {
			t.Errorf("in %s: %v", scope, err)
		}
	}
}

// TestNewKeys: a cluster without a secret, or with a short one, is none.
func TestNewKeys(t *testing.T) {
	for _, secrets := range [][][]byte{nil, {nil}, {make([]byte, 31)}, {newSecret, []byte("short")}} {
		if _, err := cluster.NewKeys("c", secrets...); err == nil {
			t.Errorf("%q are secrets", secrets)
		}
	}
}

// TestKeyOf: names that differ in any part have other keys.
func TestKeyOf(t *testing.T) {
	seen := map[cluster.Key]bool{}
	for _, kind := range []cluster.Kind{cluster.KindRoom, cluster.KindSession} {
		for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab"}, {"a", "b"}, {"", "ab"}, {"ab", ""}} {
			seen[cluster.KeyOf(kind, parts...)] = true
		}
	}
	if len(seen) != 14 {
		t.Errorf("%d keys of 14 names", len(seen))
	}
}

// FuzzOpen: what a key signed is read or refused, and what is read is written as it was, but for what is not known.
func FuzzOpen(f *testing.F) {
	k := keys(f, "c", newSecret)
	f.Add([]byte{})
	f.Add([]byte{16, 64})
	f.Add(protowire.AppendVarint(protowire.AppendTag([]byte{16, 64}, 99, protowire.VarintType), 1))
	f.Add([]byte{16, 64, 16, 64})
	whole := seal(f, k, entry())
	f.Add(whole.Value[33:])
	f.Fuzz(func(t *testing.T, payload []byte) {
		s := cluster.SignPayload(k, entry().Scope, seal(t, k, entry()), payload)
		e, err := k.Open(entry().Scope, &s)
		if err != nil {
			if !errors.Is(err, cluster.ErrMalformed) || !reflect.DeepEqual(e, cluster.Entry{}) {
				t.Fatalf("%v, %+v", err, e)
			}
			return
		}
		again := seal(t, k, e)
		if got, err := k.Open(e.Scope, &again); err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("%v\n%+v\n%+v", err, got, e)
		}
	})
}

// FuzzHeartbeat: what is read is written as it was read.
func FuzzHeartbeat(f *testing.F) {
	f.Add(cluster.SampleHeartbeat())
	f.Add(cluster.SampleReceipt())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if once, err := cluster.HeartbeatRoundTrip(b); err == nil {
			if twice, err := cluster.HeartbeatRoundTrip(once); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%v\n%x\n%x", err, once, twice)
			}
		}
		if once, n, err := cluster.ReceiptRoundTrip(b); err == nil && n == 1 {
			if twice, _, err := cluster.ReceiptRoundTrip(once); err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%v\n%x\n%x", err, once, twice)
			}
		}
	})
}

// TestSamples: nothing that a heartbeat or a receipt can say is lost.
func TestSamples(t *testing.T) {
	if got, err := cluster.HeartbeatRoundTrip(cluster.SampleHeartbeat()); err != nil ||
		!bytes.Equal(got, cluster.SampleHeartbeat()) {
		t.Errorf("%x, %v", got, err)
	}
	if got, _, err := cluster.ReceiptRoundTrip(cluster.SampleReceipt()); err != nil ||
		!bytes.Equal(got, cluster.SampleReceipt()) {
		t.Errorf("%x, %v", got, err)
	}
}

// TestLiving: what ends is counted until then, in steps of ten seconds, however often it was put.
func TestLiving(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	l := cluster.NewLiving()
	fact := func(name string, print uint64, ends int64) cluster.Fact {
		f := cluster.Fact{Key: cluster.KeyOf(cluster.KindRevocation, name), Print: print}
		if ends > 0 {
			f.Ends = at(ends)
		}
		return f
	}
	for range 5 {
		l.Put(fact("a", 1, 0))
		l.Put(fact("b", 2, 100))
		l.Put(fact("c", 4, 100))
	}
	l.Put(fact("c", 8, 205)) // later
	l.Put(fact("d", 16, 100))
	l.Put(fact("d", 32, 0)) // never
	for _, c := range []struct {
		now int64
		n   int
		xor uint64
	}{{99, 4, 1 | 2 | 8 | 32}, {100, 3, 1 | 8 | 32}, {209, 3, 1 | 8 | 32}, {210, 2, 1 | 32}, {1 << 30, 2, 1 | 32}} {
		if n, xor := l.SumAt(at(c.now)); n != c.n || xor != c.xor {
			t.Errorf("at %d: %d, %b", c.now, n, xor)
		}
	}
	if l.Waiting() != 0 {
		t.Errorf("%d ends are kept", l.Waiting())
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		want time.Duration
		list []time.Duration
	}{{0, nil}, {3, []time.Duration{3}}, {2, []time.Duration{3, 1}}, {2, []time.Duration{9, 1, 2}},
		{3, []time.Duration{9, 1, 2, 4}}} {
		if got := cluster.Median(c.list...); got != c.want {
			t.Errorf("%v: %v", c.list, got)
		}
	}
}

// TestPositions: places are ordered as numbers are.
func TestPositions(t *testing.T) {
	list := []cluster.Position{"", "0-1", "9-0", "9-2", "9-10", "10-0", "1764280000000-0"}
	for i := range list {
		for j := range list {
			if list[i].Before(list[j]) != (i < j) {
				t.Errorf("%q before %q", list[i], list[j])
			}
		}
	}
}
