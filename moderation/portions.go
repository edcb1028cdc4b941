package moderation

import "sync"

// A guard is a lock whose holder can be watched: how long others may have to wait
// for it is measured, not guessed (BenchmarkLongestHold). Without a meter it is a
// [sync.RWMutex].
type guard struct {
	sync.RWMutex
	meter *holdMeter // set before it is used by more than one goroutine; or nil
}

// A holdMeter is told when its lock is taken and let go.
type holdMeter struct{ taken, letGo func() }

func (g *guard) Lock() {
	g.RWMutex.Lock()
	if g.meter != nil {
		g.meter.taken()
	}
}

func (g *guard) Unlock() {
	if g.meter != nil {
		g.meter.letGo()
	}
	g.RWMutex.Unlock()
}

func (g *guard) RLock() {
	g.RWMutex.RLock()
	if g.meter != nil {
		g.meter.taken()
	}
}

func (g *guard) RUnlock() {
	if g.meter != nil {
		g.meter.letGo()
	}
	g.RWMutex.RUnlock()
}

// portion is how many entries of a large table are looked at before others are
// let at its lock: Prosody waits for the answers that wait for it.
const portion = 128

// gather returns what pick finds in the entries of a map, and at most so many if
// that is above 0. Pick is called under the read lock, which is let go after each
// portion; what may take long, the growth of a large list, is done without it. An
// entry that is there all the time is looked at once; one that comes or goes
// meanwhile may be left out, as in a range over a map that its body changes (Go
// specification, "For statements with range clause").
func gather[K comparable, V, T any](mu *guard, m map[K]V, most int, pick func(K, V) (T, bool)) (list []T) {
	found := make([]T, 0, portion)
	held := true
	mu.RLock()
	defer func() {
		if held { // also in a panic of pick
			mu.RUnlock()
		}
	}()
	n := 0
	for k, v := range m {
		if t, ok := pick(k, v); ok {
			found = append(found, t)
		}
		if n++; n%portion != 0 {
			continue
		}
		mu.RUnlock()
		held = false
		list, found = append(list, found...), found[:0]
		if most > 0 && len(list) >= most {
			return list[:most]
		}
		mu.RLock()
		held = true
	}
	mu.RUnlock()
	held = false
	if list = append(list, found...); most > 0 && len(list) > most {
		list = list[:most]
	}
	return list
}

// values is gather of all values.
func values[K comparable, V any](mu *guard, m map[K]V) []V {
	return gather(mu, m, 0, func(_ K, v V) (V, bool) { return v, true })
}

// keys is gather of all keys.
func keys[K comparable, V any](mu *guard, m map[K]V) []K {
	return gather(mu, m, 0, func(k K, _ V) (K, bool) { return k, true })
}
