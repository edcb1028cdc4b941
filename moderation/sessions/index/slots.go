package index

import (
	"iter"
	"math/rand/v2"

	"usher/internal/guard"
)

// A handle stands for a session that is kept: half of what a pointer takes. Zero is none.
type handle uint32

// chunk is how many slots are made at once, so that no growth of a large table holds the lock: some portions.
const chunk = 4 * guard.Portion

// slots have the sessions by their handles.
type slots struct {
	chunks []*[chunk]*Session
	free   []handle
	n      int
}

func (x *slots) at(h handle) *Session { return x.chunks[(h-1)/chunk][(h-1)%chunk] }

func (x *slots) put(g *Session) {
	if len(x.free) == 0 {
		first := handle(len(x.chunks) * chunk)
		x.chunks = append(x.chunks, new([chunk]*Session))
		for i := range handle(chunk) {
			x.free = append(x.free, first+chunk-i)
		}
	}
	last := len(x.free) - 1
	g.self = x.free[last]
	x.free = x.free[:last]
	x.chunks[(g.self-1)/chunk][(g.self-1)%chunk] = g
	x.n++
}

func (x *slots) drop(g *Session) {
	x.chunks[(g.self-1)/chunk][(g.self-1)%chunk] = nil
	x.free = append(x.free, g.self)
	g.self = 0
	x.n--
}

// len is how many slots there are, with or without a session.
func (x *slots) len() int { return len(x.chunks) * chunk }

// Some yields all sessions, from one that nobody can foresee, and all around.
func (x *Index) Some() iter.Seq[*Session] {
	return func(yield func(*Session) bool) {
		all := x.slots.len()
		if all == 0 {
			return
		}
		first := rand.IntN(all)
		for i := range all {
			if g := x.slots.at(handle((first+i)%all + 1)); g != nil && !yield(g) {
				return
			}
		}
	}
}

// Gather returns what pick finds in the sessions, and at most so many if that is above 0. It is [guard.Gather] of an
// Index, and like that it calls pick under the read lock, which is let go after each portion.
func Gather[T any](mu *guard.RWMutex, x *Index, most int, pick func(*Session) (T, bool)) (list []T) {
	mu.RLock()
	portions := x.slots.len() / guard.Portion
	mu.RUnlock()
	if portions == 0 {
		return nil
	}
	first := rand.IntN(portions) // else those at the end might never be among so many
	found := make([]T, 0, guard.Portion)
	for i := range portions {
		found = gatherPortion(mu, x.slots, (first+i)%portions, pick, found[:0])
		if list = append(list, found...); most > 0 && len(list) >= most {
			return list[:most]
		}
	}
	return list
}

func gatherPortion[T any](mu *guard.RWMutex, s *slots, portion int, pick func(*Session) (T, bool), found []T) []T {
	mu.RLock()
	defer mu.RUnlock()
	for i := range guard.Portion {
		g := s.at(handle(portion*guard.Portion + i + 1))
		if g == nil {
			continue
		}
		if t, ok := pick(g); ok {
			found = append(found, t)
		}
	}
	return found
}
