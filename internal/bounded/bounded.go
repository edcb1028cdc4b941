// Package bounded answers one question: what goes when a table is full? A table
// that strangers can fill has a bound, and there is one way to make room in it: of a
// few entries, as the map yields them, the one that counts least goes. Where there are
// many that is as good as a search, and takes no longer however many there are. It
// starts no goroutine and has no lock.
package bounded

import (
	"iter"
	"maps"
)

// sampled is how many entries are compared to find one that goes.
const sampled = 16

// Least returns, of the first few of a sequence, the one that sorts before the
// others; false if there is none. A map yields its entries from a place that nobody
// can foresee.
func Least[T any](of iter.Seq[T], before func(a, b T) bool) (least T, ok bool) {
	n := 0
	for v := range of {
		if !ok || before(v, least) {
			least, ok = v, true
		}
		if n++; n == sampled {
			break
		}
	}
	return least, ok
}

// A Map keeps no more entries than Most, and no more than Weight of them if they are
// weighed. It is ready with its fields set, which must not change; whoever shares it
// between goroutines locks it.
type Map[K comparable, V any] struct {
	Most   int               // entries
	Before func(a, b V) bool // a counts less than b; nil: all count the same
	Weight int               // of all entries; 0: they are not weighed
	Weigh  func(K, V) int    // in the unit of Weight; must always say the same of an entry

	entries map[K]V
	weight  int
}

// Get returns the value of a key, and whether it is there.
func (m *Map[K, V]) Get(k K) (V, bool) {
	v, there := m.entries[k]
	return v, there
}

// Len returns how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.entries) }

// All yields all entries; the one that is yielded may be deleted.
func (m *Map[K, V]) All() iter.Seq2[K, V] { return maps.All(m.entries) }

// Put keeps a value, in the place of what its key had before, and of as many others
// as it takes. What alone is above Weight is not kept.
func (m *Map[K, V]) Put(k K, v V) {
	m.Delete(k)
	w := m.weigh(k, v)
	if w > m.Weight || m.Most < 1 {
		return
	}
	for len(m.entries) >= m.Most || m.weight+w > m.Weight {
		m.makeRoom()
	}
	if m.entries == nil {
		m.entries = map[K]V{}
	}
	m.entries[k] = v
	m.weight += w
}

// Delete drops an entry, if it is there.
func (m *Map[K, V]) Delete(k K) {
	if v, there := m.entries[k]; there {
		m.weight -= m.weigh(k, v)
		delete(m.entries, k)
	}
}

func (m *Map[K, V]) weigh(k K, v V) int {
	if m.Weight == 0 {
		return 0
	}
	return m.Weigh(k, v)
}

func (m *Map[K, V]) makeRoom() {
	if m.Before == nil {
		for k := range m.entries {
			m.Delete(k)
			return
		}
	}
	least, _ := Least(maps.Keys(m.entries), func(a, b K) bool { return m.Before(m.entries[a], m.entries[b]) })
	m.Delete(least)
}
