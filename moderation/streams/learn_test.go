package streams_test

import (
	"errors"
	"slices"
	"testing"

	"usher/moderation/streams"
)

// TestLearn: a stream that another usher remembers can be resumed here, also after a restart, demoted if any usher has
// demoted it, until it is over there.
func TestLearn(t *testing.T) {
	a, kept := newStore(), newStore()
	alice := of("a", "alice")
	demoted := alice
	demoted.Demoted = true
	var said []streams.Stream
	run(t, a, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		remember(t, s, alice, "one")
		said = slices.Collect(s.All())
	})
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		kept.fail = errors.New("the disk is full")
		if _, err := s.Learn(t.Context(), said); err == nil || len(slices.Collect(s.All())) > 0 {
			t.Errorf("it is known and cannot be written: %v", err)
		}
		kept.fail = nil
		odd := streams.Stream{Stream: alice}
		if known, err := s.Learn(t.Context(), append(said, odd)); err != nil || !slices.Equal(known, append(said, odd)) {
			t.Errorf("%+v, %v", known, err)
		}
		is(t, s, "one", alice)
		s.Demote(t.Context(), "a@"+host)
		if known, err := s.Learn(t.Context(), said); err != nil || known[0].Stream != demoted {
			t.Errorf("%+v, %v", known, err)
		}
		is(t, s, "one", demoted)
	})
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		is(t, s, "one", demoted)
		if err := s.LearnEnds(t.Context(), []string{said[0].Print, "never seen"}); err != nil || kept.len() != 0 {
			t.Errorf("%d are kept, %v", kept.len(), err)
		}
		if got, ok := s.StreamOf(host, "one"); ok {
			t.Errorf("it is remembered: %+v", got)
		}
	})
}
