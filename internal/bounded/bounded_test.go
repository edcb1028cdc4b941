package bounded_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"usher/internal/bounded"
)

func earlier(a, b int) bool { return a < b }

// TestMost: a map is never over its bound, and what was put last is there.
func TestMost(t *testing.T) {
	for _, before := range []func(a, b int) bool{nil, earlier} {
		m := bounded.Map[int, int]{Most: 100, Before: before}
		for i := range 1000 {
			m.Put(i, i)
			if v, there := m.Get(i); m.Len() != min(i+1, 100) || !there || v != i {
				t.Fatalf("%d entries after %d; the last is there: %v", m.Len(), i+1, there)
			}
		}
	}
}

// TestBefore: those that count least go, though not always the very least.
func TestBefore(t *testing.T) {
	m := bounded.Map[int, int]{Most: 1000, Before: earlier}
	for _, i := range rand.Perm(2000) {
		m.Put(i, i)
	}
	for i := range 400 {
		m.Put(i+10_000, i+10_000)
	}
	early, late := 0, 0
	for k := range m.All() {
		switch {
		case k < 1000:
			early++
		case k < 2000:
			late++
		}
	}
	if _, there := m.Get(10_000); !there || early > 50 || late < 500 {
		t.Errorf("%d are left of the first thousand, %d of the second", early, late)
	}
}

// TestWeight: entries go until there is room for the new one, and what is heavier than all is not kept.
func TestWeight(t *testing.T) {
	weigh := func(k string, n int) int { return len(k) + n }
	m := bounded.Map[string, int]{Most: 1000, Weight: 100, Weigh: weigh, Before: earlier}
	for i := range 500 {
		m.Put(fmt.Sprint("k", rand.IntN(50)), rand.IntN(i%60+1))
		weight := 0
		for k, v := range m.All() {
			weight += weigh(k, v)
		}
		if weight > 100 {
			t.Fatalf("the entries weigh %d", weight)
		}
	}
	m.Put("k1", 98)
	if m.Len() != 1 {
		t.Error("what fills all of it has not pushed out the others")
	}
	for k := range m.All() {
		m.Delete(k)
	}
	m.Put("a", 1)
	m.Put("a", 100)
	if _, there := m.Get("a"); there || m.Len() != 0 {
		t.Error("what is heavier than all is kept, or what it replaces")
	}
	for range 100 { // a replaced entry is not weighed twice
		m.Put("b", 50)
	}
	m.Put("c", 40)
	if m.Len() != 2 {
		t.Errorf("%d entries", m.Len())
	}
}

func TestNone(t *testing.T) {
	var m bounded.Map[int, int]
	m.Put(1, 1)
	if _, there := m.Get(1); there || m.Len() != 0 {
		t.Error("a map without a bound keeps something")
	}
	m.Delete(1)
}

func TestLeast(t *testing.T) {
	if _, ok := bounded.Least(slices.Values([]int(nil)), earlier); ok {
		t.Error("the least of none")
	}
	if v, ok := bounded.Least(slices.Values([]int{3, 1, 2}), earlier); !ok || v != 1 {
		t.Errorf("%d, %v", v, ok)
	}
	looked := 0
	bounded.Least(func(yield func(int) bool) {
		for yield(looked) {
			looked++
		}
	}, earlier)
	if looked > 20 {
		t.Errorf("%d were looked at", looked)
	}
}

func BenchmarkPutFull(b *testing.B) {
	for name, before := range map[string]func(a, b int) bool{"any": nil, "before": earlier} {
		b.Run(name, func(b *testing.B) {
			m := bounded.Map[int, int]{Most: 10_000, Before: before}
			for i := range 10_000 {
				m.Put(i, i)
			}
			b.ReportAllocs()
			for i := 10_000; b.Loop(); i++ {
				m.Put(i, i)
			}
		})
	}
}
