package relay

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth/relayauth"
)

// resumedTwice is a stream in a room that two connections have resumed, the first of which is the one that is read
// last: Prosody has closed that for the second.
func resumedTwice(t *testing.T) (b *bench, first, second *Stream) {
	t.Helper()
	b = inTwo(t, room+"/n")
	b.passes(b.down(shownIn(room+"/n", "", self)))
	b.stream.Gone(false)
	b.passes(b.resumes(false, false, true))
	first = b.stream
	b.passes(b.resumes(false, false, true))
	second = b.stream
	b.passes(b.down(back))
	b.stream = first
	b.passes(b.down(back))
	b.logins.events, b.rooms.events = nil, nil
	first.Ended(false) // its client has still to be told
	b.stream = second
	return b, first, second
}

// TestTwoThatResume: whichever of two connections is read first, the one that stays has the rooms of the account, is
// shown out of them, and is the one whose end counts.
func TestTwoThatResume(t *testing.T) {
	b, first, second := resumedTwice(t)
	if len(b.logins.events)+len(b.rooms.events) > 0 {
		t.Errorf("the end of the first is told: %q, %q", b.logins.events, b.rooms.events)
	}
	if rooms, all := second.shown.mayBeIn(); !all || !slices.Equal(rooms, []string{room}) {
		t.Errorf("it may be in %q, which are all: %v", rooms, all)
	}
	first.Gone(false)
	if len(b.logins.events)+len(b.rooms.events) > 0 {
		t.Errorf("the end of the first is told: %q, %q", b.logins.events, b.rooms.events)
	}
	if !b.streams.End("u-1@"+host, "x") {
		t.Fatal("it is not found")
	}
	if f := b.wire.farewells; len(f) != 1 || len(f[0].Presences) != 1 ||
		!strings.Contains(string(f[0].Presences[0]), room+"/n") {
		t.Errorf("it is told %q", f)
	}
	b, first, second = resumedTwice(t)
	first.Gone(false)
	second.Gone(false)
	if lost := b.streams.Lost("u-1@" + host); len(lost) != 1 || !slices.Contains(b.logins.events, "ended sm-1") {
		t.Errorf("lost %+v, told %q", lost, b.logins.events)
	}
	b.passes(b.resumes(false, false, true))
	b.passes(b.down(back))
	b.stream.Over()
	b.stream.Gone(true)
	if !slices.Contains(b.rooms.events, "left u-1@"+host+" "+room+"/n") {
		t.Errorf("the rooms were told %q", b.rooms.events)
	}
}

// TestEndsBeforeItIsBound: of a connection whose client is gone by the time that its resumption is read, the rooms are
// those of the one that Prosody has resumed since.
func TestEndsBeforeItIsBound(t *testing.T) {
	b := inTwo(t, room+"/n")
	b.stream.Gone(false)
	b.passes(b.resumes(false, false, true))
	first := b.stream
	b.passes(b.resumes(false, false, true))
	second := b.stream
	b.passes(b.down(back))
	first.Ended(false)
	b.stream = first
	b.passes(b.down(back))
	b.logins.events, b.rooms.events = nil, nil
	first.Gone(false)
	if len(b.logins.events)+len(b.rooms.events) > 0 {
		t.Errorf("the end of the first is told: %q, %q", b.logins.events, b.rooms.events)
	}
	if rooms, all := second.shown.mayBeIn(); second.taken || !all || !slices.Equal(rooms, []string{room}) {
		t.Errorf("the second may be in %q, which are all: %v; it is taken: %v", rooms, all, second.taken)
	}
}

// TestResumedBesideWhatWasTaken: a connection that is slow to end, whose stream another has resumed, hides none of the
// rooms from a third by a token that does not open them.
func TestResumedBesideWhatWasTaken(t *testing.T) {
	const two = "two@conference.meet.example.com/n"
	for name, c := range map[string]struct{ before, since string }{
		"before it was taken": {before: two}, "since then": {since: two},
	} {
		b := inTwo(t, c.before)
		b.passes(b.resumes(false, false, true))
		b.passes(b.down(back)) // the connection of before has not ended
		if c.since != "" {
			b.joins(c.since)
		}
		if v := b.resumes(true, true, true); v.Answer == nil {
			t.Errorf("%s: it is resumed for another room: %+v", name, v)
		}
	}
	b := inTwo(t, "")
	b.passes(b.resumes(false, false, true))
	b.passes(b.down(back))
	second := b.stream
	b.passes(b.resumes(true, true, true))
	third := b.stream
	b.stream = second
	b.joins(two) // while the third is resumed
	b.stream = third
	b.ends(b.down(back), "not-authorized")
}

// quiet are logins that keep nothing, and may be asked by several at a time.
type quiet struct{ *logins }

func (quiet) Record(context.Context, *relayauth.Login, string, string) error { return nil }
func (quiet) RememberStream(context.Context, *relayauth.Login, string, string, string) error {
	return nil
}

// TestResumedAtOnce: of two connections whose resumption is read at the same moment the last has the rooms.
func TestResumedAtOnce(t *testing.T) {
	for round := range 2000 {
		b := inTwo(t, room+"/n")
		b.passes(b.down(shownIn(room+"/n", "", self)))
		b.passes(b.resumes(false, false, true))
		first := b.stream
		b.passes(b.resumes(false, false, true))
		second := b.stream
		b.streams.Logins, b.streams.Rooms = quiet{b.logins}, nil
		var both sync.WaitGroup
		var ready atomic.Int32
		resumed := b.read(back)
		for i, s := range []*Stream{first, second} {
			both.Go(func() {
				for ready.Add(1); ready.Load() < 2; {
					runtime.Gosched()
				}
				later := time.Duration(i*(round%100)) * 200 * time.Nanosecond // the second, by up to 20 µs
				for end := time.Now().Add(later); time.Now().Before(end); {
				}
				s.FromProsody(t.Context(), resumed)
			})
		}
		both.Wait()
		last := second
		if second.taken {
			last = first
		}
		if rooms, all := last.shown.mayBeIn(); !all || !slices.Equal(rooms, []string{room}) || len(last.shown.out("x")) != 1 {
			t.Fatalf("it may be in %q, which are all: %v", rooms, all)
		}
	}
}

// TestLeavesBeforeWhatTookIt: the rooms that a connection has entered from which another seemed to take the stream are
// not lost with it: Prosody may have resumed it last.
func TestLeavesBeforeWhatTookIt(t *testing.T) {
	b := inTwo(t, "")
	b.passes(b.resumes(false, false, true))
	first := b.stream
	b.passes(b.resumes(false, false, true))
	second := b.stream
	b.passes(b.down(back))
	b.stream = first
	b.passes(b.down(back))
	b.stream = second
	b.joins("two@conference.meet.example.com/n")
	second.Ended(false)
	second.Gone(false)
	if v := b.resumes(true, true, true); v.Answer == nil {
		t.Errorf("it is resumed for another room: %+v", v)
	}
}
