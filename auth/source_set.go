package auth

import (
	"context"
	"sync"
)

// A sourceSet owns the key sources of the rules in force. It outlives
// reloads, so that a source which stays keeps its keys and its schedule.
type sourceSet struct {
	options sourceOptions
	fetched chan struct{} // closed when the first sources were tried
	changed chan struct{} // wakes run

	mu  sync.Mutex
	now map[sourceID]*source
}

func (s *sourceSet) init() {
	s.fetched, s.changed = make(chan struct{}), make(chan struct{}, 1)
}

// prepare begins a new set, and returns what gives it its sources. Until
// [sourceSet.apply] nothing of it is fetched, and it can be dropped.
func (s *sourceSet) prepare() (next map[sourceID]*source, sourceFor func(sourceID) *source) {
	next = map[sourceID]*source{}
	return next, func(id sourceID) *source {
		s.mu.Lock()
		defer s.mu.Unlock()
		if next[id] == nil {
			if next[id] = s.now[id]; next[id] == nil {
				next[id] = newSource(id, s.options)
			}
		}
		return next[id]
	}
}

// apply puts a prepared set into force.
func (s *sourceSet) apply(next map[sourceID]*source) {
	s.mu.Lock()
	s.now = next
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// run keeps one goroutine for each source in force until ctx ends.
func (s *sourceSet) run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	running := map[*source]context.CancelFunc{}
	wg.Go(func() { s.waitFetched(ctx) })
	for {
		s.start(ctx, &wg, running)
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		}
	}
}

// start ends the sources that are gone and starts the new ones.
func (s *sourceSet) start(ctx context.Context, wg *sync.WaitGroup, running map[*source]context.CancelFunc) {
	current := map[*source]bool{}
	for _, src := range s.list() {
		current[src] = true
		if running[src] == nil {
			sub, cancel := context.WithCancel(ctx)
			running[src] = cancel
			wg.Go(func() { src.run(sub) })
		}
	}
	for src, cancel := range running {
		if !current[src] {
			cancel()
			delete(running, src)
		}
	}
}

func (s *sourceSet) list() []*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*source
	for _, src := range s.now {
		list = append(list, src)
	}
	return list
}

// waitFetched closes fetched once every source of the start was tried.
func (s *sourceSet) waitFetched(ctx context.Context) {
	for _, src := range s.list() {
		select {
		case <-src.tried():
		case <-ctx.Done():
			return
		}
	}
	close(s.fetched)
}
