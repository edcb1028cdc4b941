package keys

import (
	"context"
	"fmt"
	"sync"
)

// Sources are the key sources of the configuration in force. They outlive
// reloads, so that a source which stays keeps its keys and its schedule. It is
// safe for concurrent use.
type Sources struct {
	options Options
	fetched chan struct{} // closed when the first sources were tried
	changed chan struct{} // wakes Run

	mu   sync.Mutex
	now  map[sourceID]*source
	next chan struct{} // is closed, and another put in its place, when a fetch has ended
}

// NewSources returns Sources with none yet. [Sources.Run] fetches.
func NewSources(o Options) *Sources {
	s := &Sources{options: o, fetched: make(chan struct{}), changed: make(chan struct{}, 1), next: make(chan struct{})}
	s.options.ended = s.tellNext
	return s
}

// Next returns a channel that is closed when the next fetch of any source has ended, with or without success. Who
// takes it before asking for a key misses no fetch that the question causes.
func (s *Sources) Next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next
}

func (s *Sources) tellNext() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.next)
	s.next = make(chan struct{})
}

// Fetched returns a channel that is closed when each source of the configuration
// that was in force when Run began was tried once, with or without success.
func (s *Sources) Fetched() <-chan struct{} { return s.fetched }

// Prepared are the sources of a configuration that is not in force yet. Until
// Commit nothing of them is fetched, and they can be dropped. It belongs to one
// goroutine.
type Prepared struct {
	sources *Sources
	next    map[sourceID]*source
	bad     error
}

// Prepare begins the sources of another configuration.
func (s *Sources) Prepare() *Prepared {
	return &Prepared{sources: s, next: map[sourceID]*source{}}
}

// Set returns the keys of an issuer. A source that is in force already goes on
// with what it has; one that can never be fetched from is an error of Err.
func (p *Prepared) Set(issuer string, c Config) *Set {
	set := &Set{files: c.Files}
	for _, l := range c.Locations {
		s := p.source(sourceID{issuer, l, c.trust()})
		if s.bad != nil && p.bad == nil {
			p.bad = fmt.Errorf("issuer %q: %s: %w", issuer, s.row.source, s.bad)
		}
		set.sources = append(set.sources, s)
	}
	return set
}

func (p *Prepared) source(id sourceID) *source {
	p.sources.mu.Lock()
	defer p.sources.mu.Unlock()
	if p.next[id] == nil {
		if p.next[id] = p.sources.now[id]; p.next[id] == nil {
			p.next[id] = newSource(id, p.sources.options)
		}
	}
	return p.next[id]
}

// Err says which issuer's source can never be fetched from, and why.
func (p *Prepared) Err() error { return p.bad }

// Commit puts the sources in force, and no others.
func (p *Prepared) Commit() {
	s := p.sources
	s.mu.Lock()
	s.now = p.next
	s.mu.Unlock()
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Run keeps one goroutine for each source in force until ctx ends, and waits for
// them.
func (s *Sources) Run(ctx context.Context) error {
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
func (s *Sources) start(ctx context.Context, wg *sync.WaitGroup, running map[*source]context.CancelFunc) {
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

func (s *Sources) list() []*source {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*source
	for _, src := range s.now {
		list = append(list, src)
	}
	return list
}

// waitFetched closes fetched once every source of the start was tried.
func (s *Sources) waitFetched(ctx context.Context) {
	for _, src := range s.list() {
		select {
		case <-src.tried():
		case <-ctx.Done():
			return
		}
	}
	close(s.fetched)
}
