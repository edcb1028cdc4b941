package streams_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/moderation/streams"
)

// A store is one in memory that outlives the streams, and fails when it is told so.
type store struct {
	mu   sync.Mutex
	kept map[string]streams.Stream
	fail error
}

func newStore() *store { return &store{kept: map[string]streams.Stream{}} }

func (s *store) LoadStreams(context.Context) (list []streams.Stream, err error) {
	for _, v := range s.kept {
		list = append(list, v)
	}
	return list, s.fail
}

func (s *store) ApplyStreams(_ context.Context, changes ...streams.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		switch {
		case s.fail != nil:
			return s.fail
		case c.Put != nil:
			s.kept[c.Put.Print] = *c.Put
		default:
			delete(s.kept, c.Delete)
		}
	}
	return nil
}

func (s *store) LearnStreams(ctx context.Context, changes ...streams.Change) error {
	return s.ApplyStreams(ctx, changes...)
}

func (s *store) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept)
}

const host = "meet.example.com"

func of(account, user string) relayauth.Stream {
	v := relayauth.Stream{Host: host, Account: account}
	if user != "" {
		v.Principal, v.TokenPrint = auth.PersonPrincipal(host, "i", user), "t-"+user
	}
	return v
}

// run runs a test in a bubble, with streams whose Run is a task.
func run(t *testing.T, s *store, o streams.Options, test func(*testing.T, *streams.Streams)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := streams.New(s, o)
		if err := v.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var task sync.WaitGroup
		task.Go(func() { _ = v.Run(ctx) })
		test(t, v)
		cancel()
		task.Wait()
	})
}

func remember(t *testing.T, s *streams.Streams, v relayauth.Stream, resumption string) {
	t.Helper()
	if err := s.RememberStream(t.Context(), v, resumption); err != nil {
		t.Fatalf("remembering: %v", err)
	}
}

func is(t *testing.T, s *streams.Streams, resumption string, want relayauth.Stream) {
	t.Helper()
	got, ok := s.StreamOf(host, resumption)
	if got != want || ok != (want != relayauth.Stream{}) {
		t.Errorf("%s is %+v, %v; want %+v", resumption, got, ok, want)
	}
}

var nothing relayauth.Stream

// TestWhose: a stream is known by its host and identifier, under which nothing is kept that tells it; an account has one.
func TestWhose(t *testing.T) {
	kept := newStore()
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		remember(t, s, of("a", "alice"), "one")
		remember(t, s, of("g", ""), "two")
		is(t, s, "one", of("a", "alice"))
		is(t, s, "two", of("g", ""))
		for _, other := range []string{"", "ONE", "one ", "three", strings.Repeat("x", 257)} {
			is(t, s, other, nothing)
		}
		if _, ok := s.StreamOf("guest."+host, "one"); ok {
			t.Error("another host has it")
		}
		remember(t, s, of("b", "bob"), strings.Repeat("x", 257))
		remember(t, s, of("b", "bob"), "")
		for _, v := range kept.kept {
			if strings.Contains(fmt.Sprint(v), "one") || len(v.Print) != 32 {
				t.Errorf("kept %+v", v)
			}
		}
		remember(t, s, of("a", "alice"), "again")
		is(t, s, "one", nothing)
		is(t, s, "again", of("a", "alice"))
		refreshed := of("a", "alice")
		refreshed.TokenPrint = "t-later"
		remember(t, s, refreshed, "again")
		is(t, s, "again", refreshed)
		synctest.Wait()
		if kept.len() != 2 {
			t.Errorf("%d are in the state", kept.len())
		}
	})
}

// TestTimes: C is connected, L lost, . five minutes, K a killed usher; then it is remembered or not.
func TestTimes(t *testing.T) {
	for row, want := range map[string]bool{
		"C": true, "C............": true, "CL": true, "CL..": true, "CL...": false, "CL..C......": true, "CL..CL..": true, "CL..CL...": false,
		"CL..L.": false, "CK..": true, "CK...": false, "CL..K..": true, "CL..K...": false, "CK..C.....": true, "CK..C..K..": true, "CG": false, "CLG": false,
	} {
		t.Run(row, func(t *testing.T) {
			kept := newStore()
			lives := strings.Split(row, "K")
			for i, life := range lives {
				run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
					for _, step := range life {
						switch step {
						case 'C':
							remember(t, s, of("a", "alice"), "one")
						case 'L':
							s.EndStream(host, "one", false)
						case 'G':
							s.EndStream(host, "one", true)
						case '.':
							time.Sleep(5 * time.Minute)
						}
					}
					if i < len(lives)-1 {
						return
					}
					if _, ok := s.StreamOf(host, "one"); ok != want {
						t.Errorf("remembered: %v", ok)
					}
					time.Sleep(time.Minute)
					if n := kept.len(); n == 0 && want {
						t.Errorf("%d in the state", n)
					} else if n != 0 && !want {
						t.Errorf("%d left in the state", n)
					}
				})
			}
		})
	}
}

// TestForget: the streams of accounts whose sessions were revoked are no more, in the state neither.
func TestForget(t *testing.T) {
	kept := newStore()
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		remember(t, s, of("a", "alice"), "one")
		remember(t, s, of("b", "bob"), "two")
		s.Forget([]string{"a@" + host, "nobody@" + host, "b@elsewhere.example", "b", ""})
		is(t, s, "one", nothing)
		is(t, s, "two", of("b", "bob"))
		if synctest.Wait(); kept.len() != 1 {
			t.Errorf("%d are in the state", kept.len())
		}
		s.EndStream(host, "one", true) // twice is once
		s.EndStream(host, "unknown", false)
	})
}

// TestBroken: what cannot be written is not remembered; what is too long neither.
func TestBroken(t *testing.T) {
	kept := newStore()
	broken := errors.New("input/output error")
	run(t, kept, streams.Options{}, func(t *testing.T, s *streams.Streams) {
		kept.fail = broken
		if err := s.RememberStream(t.Context(), of("a", "alice"), "one"); !errors.Is(err, broken) {
			t.Errorf("remembered: %v", err)
		}
		is(t, s, "one", nothing)
		kept.fail = nil
		for _, long := range []relayauth.Stream{of(strings.Repeat("a", 4000), "alice"), of("a", strings.Repeat("a", 1<<20))} {
			if s.RememberStream(t.Context(), long, "one") == nil {
				t.Error("a long name was remembered")
			}
		}
	})
	kept.fail = broken
	if err := streams.New(kept, streams.Options{}).Load(t.Context()); !errors.Is(err, broken) {
		t.Errorf("opened: %v", err)
	}
}

// TestBounds: one principal pushes out its own, one without a token those of its host; beyond the others, those go that were
// lost, and what is kept is bounded in bytes.
func TestBounds(t *testing.T) {
	kept := newStore()
	run(t, kept, streams.Options{Limits: streams.Limits{Streams: 100, OfPrincipal: 10, Bytes: 1 << 20}}, func(t *testing.T, s *streams.Streams) {
		remember(t, s, of("a", "alice"), "alice")
		remember(t, s, of("g", ""), "guest")
		for i := range 1000 {
			remember(t, s, of(fmt.Sprint("m", i), "mallory"), fmt.Sprint("m", i))
		}
		is(t, s, "alice", of("a", "alice"))
		is(t, s, "guest", of("g", ""))
		is(t, s, "m999", of("m999", "mallory"))
		synctest.Wait()
		if kept.len() != 12 {
			t.Errorf("%d are in the state", kept.len())
		}
		for i := range 70 {
			remember(t, s, of(fmt.Sprint("lost", i), fmt.Sprint("lost", i)), fmt.Sprint("lost", i))
			s.EndStream(host, fmt.Sprint("lost", i), false)
		}
		for i := range 88 {
			remember(t, s, of(fmt.Sprint("p", i), fmt.Sprint("p", i)), fmt.Sprint("p", i))
		}
		synctest.Wait()
		if kept.len() != 100 {
			t.Errorf("%d are in the state", kept.len())
		}
	})
	kept = newStore()
	run(t, kept, streams.Options{Limits: streams.Limits{Streams: 100_000, OfPrincipal: 10, Bytes: 1 << 20}}, func(t *testing.T, s *streams.Streams) {
		for i := range 1000 {
			remember(t, s, of(fmt.Sprint("p", i), strings.Repeat("x", 8<<10)+fmt.Sprint(i)), fmt.Sprint("p", i))
		}
		synctest.Wait()
		if n := kept.len(); n > 64 || n < 50 {
			t.Errorf("%d of 16 KiB are kept", n)
		}
	})
	// of a state that has too many, no more than the bounds are taken
	many := newStore()
	for i := range 50 {
		v := of(fmt.Sprint("m", i), "mallory")
		many.kept[fmt.Sprint(i)] = streams.Stream{Print: fmt.Sprint(i), Stream: v}
	}
	run(t, many, streams.Options{Limits: streams.Limits{Streams: 100, OfPrincipal: 10, Bytes: 1 << 20}}, func(t *testing.T, s *streams.Streams) {
		synctest.Wait()
		if many.len() != 10 {
			t.Errorf("%d are in the state", many.len())
		}
	})
}

// TestConcurrent is for the race detector.
func TestConcurrent(t *testing.T) {
	run(t, newStore(), streams.Options{}, func(t *testing.T, s *streams.Streams) {
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				for n := range 200 {
					id := fmt.Sprint(n % 10)
					remember(t, s, of(fmt.Sprint("a", n%7), "alice"), id)
					s.StreamOf(host, id)
					s.EndStream(host, id, (n+i)%3 == 0)
				}
			})
		}
		all.Wait()
		s.Forget(slices.Repeat([]string{"a1@" + host}, 1000))
	})
}

// A slowStore says when it has written a stream, and waits.
type slowStore struct {
	*store
	written, goOn chan struct{}
}

func (s *slowStore) ApplyStreams(ctx context.Context, changes ...streams.Change) error {
	err := s.store.ApplyStreams(ctx, changes...)
	if changes[0].Put != nil {
		s.written <- struct{}{}
		<-s.goOn
	}
	return err
}

// TestRememberedAgain: a stream that ends while it is remembered again is in the state if it is in memory.
func TestRememberedAgain(t *testing.T) {
	kept := &slowStore{newStore(), make(chan struct{}), make(chan struct{})}
	s := streams.New(kept, streams.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended, remembered := make(chan error), make(chan error)
	go func() { ended <- s.Run(ctx) }()
	again := func() { remembered <- s.RememberStream(t.Context(), of("a", "alice"), "one") }
	go again()
	<-kept.written
	kept.goOn <- struct{}{}
	<-remembered
	go again()
	<-kept.written
	s.EndStream(host, "one", true)
	for deadline := time.Now().Add(100 * time.Millisecond); kept.len() > 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	kept.goOn <- struct{}{}
	<-remembered
	cancel()
	<-ended
	if is(t, s, "one", of("a", "alice")); kept.len() != 1 {
		t.Errorf("%d are in the state", kept.len())
	}
}
