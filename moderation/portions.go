package moderation

import (
	"iter"
	"sync"
)

// portion is how many entries of a large table are looked at before others are
// let at its lock: Prosody waits for the answers that wait for it.
const portion = 256

// portions yields a map's entries under its read lock, which it lets go and takes
// again after each portion. An entry that is there all the time is yielded once;
// one that comes or goes meanwhile may be left out, as in a range over a map that
// its body changes (Go specification, "For statements with range clause").
func portions[K comparable, V any](mu *sync.RWMutex, m map[K]V) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		mu.RLock()
		defer mu.RUnlock()
		n := 0
		for k, v := range m {
			if !yield(k, v) {
				return
			}
			if n++; n%portion == 0 {
				mu.RUnlock()
				mu.RLock()
			}
		}
	}
}
