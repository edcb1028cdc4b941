package streams

import (
	"context"
	"iter"
	"slices"

	"usher/internal/guard"
)

// Learn takes over the streams that other ushers remember, each in the place of one that its account had before. A
// stream that was demoted by any of them stays so. They are written before they are known. It returns, in the same
// order, what is known then of each.
func (s *Streams) Learn(ctx context.Context, said []Stream) (known []Stream, err error) {
	var news []Stream
	for _, v := range said {
		if merged, ok := s.merge(v); ok {
			news = append(news, merged)
		}
	}
	changes := make([]Change, len(news))
	for i := range news {
		changes[i].Put = &news[i]
	}
	if len(changes) > 0 {
		if err := s.store.LearnStreams(ctx, changes...); err != nil {
			s.failed(ctx, err)
			return nil, err
		}
	}
	for _, v := range news {
		if merged, ok := s.merge(v); ok {
			s.mu.Lock()
			s.behind.Add(s.table.put(&entry{Stream: merged, since: s.now()})...)
			s.mu.Unlock()
		}
	}
	for _, v := range said {
		known = append(known, s.knownOr(v))
	}
	return known, nil
}

// merge reports whether something is news in what another usher says of a stream.
func (s *Streams) merge(said Stream) (merged Stream, news bool) {
	if said.Print == "" || !fits(said.Stream) {
		return said, false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.table.all[said.Print]
	if e == nil {
		return said, true
	}
	merged = e.Stream
	merged.Demoted = merged.Demoted || said.Demoted && merged.TokenPrint == said.TokenPrint
	return merged, merged != e.Stream
}

func (s *Streams) knownOr(said Stream) Stream {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.table.all[said.Print]; e != nil {
		return e.Stream
	}
	return said
}

// LearnEnds forgets streams, by their prints, that are over at other ushers.
func (s *Streams) LearnEnds(ctx context.Context, prints []string) error {
	var changes []Change
	for part := range slices.Chunk(prints, guard.Portion) {
		s.mu.Lock()
		for _, print := range part {
			if e := s.table.all[print]; e != nil {
				s.table.drop(e)
				changes = append(changes, Change{Delete: print})
			}
		}
		s.mu.Unlock()
	}
	if len(changes) == 0 {
		return nil
	}
	err := s.store.LearnStreams(ctx, changes...)
	if err != nil {
		s.failed(ctx, err)
	}
	return err
}

// All yields every stream that there is when it begins.
func (s *Streams) All() iter.Seq[Stream] {
	list := guard.Gather(&s.mu, s.table.all, 0, func(_ string, e *entry) (Stream, bool) { return e.Stream, true })
	return slices.Values(list)
}
