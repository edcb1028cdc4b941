package guard

// Gather returns what pick finds in the entries of a map, and at most so many if
// that is above 0. Pick is called under the read lock, which is let go after each
// portion; what may take long, the growth of a large list, is done without it. An
// entry that is there all the time is looked at once; one that comes or goes
// meanwhile may be left out, as in a range over a map that its body changes (Go
// specification, "For statements with range clause").
func Gather[K comparable, V, T any](mu *RWMutex, m map[K]V, most int, pick func(K, V) (T, bool)) (list []T) {
	found := make([]T, 0, Portion)
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
		if n++; n%Portion != 0 {
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

// Values is Gather of all values.
func Values[K comparable, V any](mu *RWMutex, m map[K]V) []V {
	return Gather(mu, m, 0, func(_ K, v V) (V, bool) { return v, true })
}

// Keys is Gather of all keys.
func Keys[K comparable, V any](mu *RWMutex, m map[K]V) []K {
	return Gather(mu, m, 0, func(k K, _ V) (K, bool) { return k, true })
}
