package streams_test

import (
	"context"
	"testing"

	"usher/auth/relayauth"
	"usher/moderation/streams"
)

// TestDemoted: that an account was demoted stays with its stream, over a restart and further logins with the same token,
// but not with another.
func TestDemoted(t *testing.T) {
	kept := newStore()
	demoted, later := of("a", "alice"), of("a", "alice")
	demoted.Demoted, later.TokenPrint = true, "t-later"
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		remember(t, s, of("a", "alice"), "one")
		remember(t, s, of("b", "bob"), "two")
		for _, jid := range []string{"a@" + host, "a@" + host, "nobody@" + host, ""} {
			s.Demote(t.Context(), jid)
		}
		is(t, s, "one", demoted)
		is(t, s, "two", of("b", "bob"))
	})
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		is(t, s, "one", demoted)
		remember(t, s, of("a", "alice"), "one")
		is(t, s, "one", demoted)
		remember(t, s, later, "one")
		is(t, s, "one", later)
	})
}

// A busyStore has something done once, before it writes.
type busyStore struct {
	*store
	first func()
}

func (s *busyStore) ApplyStreams(ctx context.Context, changes ...streams.Change) error {
	if do := s.first; do != nil {
		s.first = nil
		do()
	}
	return s.store.ApplyStreams(ctx, changes...)
}

// TestDemotedMeanwhile: of a stream that is demoted while it is remembered anew, and of one that is remembered anew while
// it is demoted, the state says what memory does.
func TestDemotedMeanwhile(t *testing.T) {
	demoted, later := of("a", "alice"), of("a", "alice")
	demoted.Demoted, later.TokenPrint = true, "t-later"
	for name, c := range map[string]struct {
		first func(*testing.T, *streams.Streams)
		then  func(*testing.T, *streams.Streams)
		want  relayauth.Stream
	}{
		"demoted": {
			func(t *testing.T, s *streams.Streams) { s.Demote(t.Context(), "a@"+host) },
			func(t *testing.T, s *streams.Streams) { remember(t, s, of("a", "alice"), "one") },
			demoted,
		},
		"remembered": {
			func(t *testing.T, s *streams.Streams) { remember(t, s, later, "one") },
			func(t *testing.T, s *streams.Streams) { s.Demote(t.Context(), "a@"+host) },
			later,
		},
	} {
		t.Run(name, func(t *testing.T) {
			kept := &busyStore{store: newStore()}
			s := streams.New(kept, streams.Options{})
			remember(t, s, of("a", "alice"), "one")
			kept.first = func() { c.first(t, s) }
			c.then(t, s)
			is(t, s, "one", c.want)
			restarted := streams.New(kept.store, streams.Options{})
			if err := restarted.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			is(t, restarted, "one", c.want)
		})
	}
}
