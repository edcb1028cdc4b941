package relay

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/auth/gateway/stanza"
)

// inTwo is a stream in a room that was open to it, and is not open to the token that is to take it over.
func inTwo(t *testing.T, enters string) *bench {
	t.Helper()
	b := newBench(t, nil)
	b.login()
	b.passes(b.down(on))
	if enters != "" {
		b.joins(enters)
	}
	return b
}

// joins has an account be let into a room, of which Prosody has shown nothing yet.
func (b *bench) joins(occupant string) {
	b.t.Helper()
	bare := bareOf(occupant)
	now := b.rooms.answers[bare]
	b.rooms.answers[bare] = JoinAnswer{Allowed: true}
	b.passes(b.up(presence(occupant, "", mucX)))
	b.rooms.answers[bare] = now
}

// resumes begins a stream that wants to take over another, and goes as far as the request for that.
func (b *bench) resumes(newToken, newRights, renews bool) Verdict {
	b.t.Helper()
	b.logins.resumes = "sm-1"
	b.begin(func(c *Client) {
		c.Resumption, c.Login.Resumes, c.Login.NewRights = "sm-1", "u-1", newRights
		if newToken {
			c.Login.ID.TokenPrint = "another"
		}
	})
	if renews {
		b.down(limits)
	}
	b.authenticate()
	return b.up(again)
}

// TestResumesForOtherRooms: rights by another token than the stream's are for rooms that it opens; the stream is not
// resumed where the account may be in others, or where that is not known.
func TestResumesForOtherRooms(t *testing.T) {
	const one, two = room + "/n", "two@conference.meet.example.com/n"
	for name, c := range map[string]struct {
		inside           string // the room that the account is in; or empty
		left             bool   // it was
		forgets          bool   // usher was started anew
		running          bool   // the connection of before is still there
		newToken, rights bool
		keeps            bool // Prosody the rights
		resumes          bool
	}{
		"a room that it opens":            {inside: one, newToken: true, rights: true, resumes: true},
		"no room":                         {newToken: true, rights: true, resumes: true},
		"another room":                    {inside: two, newToken: true, rights: true},
		"another room, still connected":   {inside: two, running: true, newToken: true, rights: true},
		"another room that it has left":   {inside: two, left: true, newToken: true, rights: true},
		"its own token":                   {inside: two, rights: true, resumes: true},
		"the rights of before":            {inside: two, newToken: true, resumes: true},
		"not known where":                 {inside: one, forgets: true, newToken: true, rights: true},
		"not known where, the same token": {inside: one, forgets: true, rights: true, resumes: true},
		"Prosody keeps rights":            {inside: one, newToken: true, rights: true, keeps: true},
	} {
		b := inTwo(t, c.inside)
		if c.left {
			b.passes(b.down(shownIn(c.inside, "", self)))
			b.passes(b.down(shownIn(c.inside, ` type="unavailable"`, self)))
		}
		if !c.running {
			b.stream.Gone(false)
		}
		if c.forgets {
			b.streams.lost = lostStreams{}
		}
		v := b.resumes(c.newToken, c.rights, !c.keeps)
		if refused := string(v.Answer) == stanza.NotResumed("urn:xmpp:sm:3", "item-not-found"); refused == c.resumes {
			t.Errorf("%s: %+v", name, v)
		}
		if c.resumes {
			b.passes(b.down(back))
		}
	}
}

// TestAsksWhileItIsResumed: a room that the account asks for on the connection of before, while Prosody resumes the
// stream, counts.
func TestAsksWhileItIsResumed(t *testing.T) {
	const two = "two@conference.meet.example.com/n"
	b := inTwo(t, "")
	before := b.stream
	b.passes(b.resumes(true, true, true))
	after := b.stream
	b.stream = before
	b.joins(two)
	b.stream = after
	b.logins.events = nil
	b.ends(b.down(back), "not-authorized")
	for _, event := range b.logins.events {
		if strings.HasPrefix(event, "remember") { // the next login with that token would be the stream's own
			t.Errorf("it is refused, and remembered: %s", event)
		}
	}
}

// TestGoneWhileItIsResumed: a connection that ends while Prosody resumes the stream has no rights remembered for it, as
// the rooms stay the stream's of before.
func TestGoneWhileItIsResumed(t *testing.T) {
	b := inTwo(t, "")
	before := b.stream
	b.passes(b.resumes(true, true, true))
	after := b.stream
	b.stream = before
	b.joins("two@conference.meet.example.com/n")
	b.stream = after
	b.stream.Gone(true)
	b.logins.events = nil
	b.ends(b.down(back), "not-authorized")
	for _, event := range b.logins.events {
		if strings.HasPrefix(event, "remember") {
			t.Errorf("it has ended, and is remembered: %s", event)
		}
	}
}

// TestAsksOnceItIsBound: a room that the account asks for in the moment in which it gets those of the stream of before
// is one of its rooms, too.
func TestAsksOnceItIsBound(t *testing.T) {
	const other = "other@conference.meet.example.com"
	b := inTwo(t, room+"/n")
	b.stream.Gone(false)
	b.passes(b.resumes(false, false, true))
	resumed := b.read(back)
	b.streams.mu.Lock()
	var v Verdict
	var done sync.WaitGroup
	done.Go(func() { v = b.stream.FromProsody(t.Context(), resumed) })
	for !b.stream.Bound() {
		runtime.Gosched()
	}
	b.joins(other + "/n")
	b.streams.mu.Unlock()
	done.Wait()
	b.passes(v)
	rooms, all := b.stream.shown.mayBeIn()
	slices.Sort(rooms)
	if !all || !slices.Equal(rooms, []string{room, other}) {
		t.Errorf("it may be in %q, which are all: %v", rooms, all)
	}
}

// TestResumedInTheDark: who was resumed by an usher that does not know its rooms has them unknown the next time, too; and
// so has who has asked for more rooms than are remembered.
func TestResumedInTheDark(t *testing.T) {
	b := inTwo(t, room+"/n")
	b.stream.Gone(false)
	b.streams.lost = lostStreams{}
	b.passes(b.resumes(false, false, true))
	b.passes(b.down(back))
	b.stream.Gone(false)
	if v := b.resumes(true, true, true); v.Answer == nil {
		t.Error("it is resumed, and its rooms are not known")
	}
	b = inTwo(t, "")
	for i := range mostInside + 1 {
		b.joins(room + string(rune('a'+i)) + "/n")
	}
	b.stream.Gone(false)
	for i := range mostInside + 1 {
		b.rooms.answers[room+string(rune('a'+i))] = JoinAnswer{Allowed: true}
	}
	if v := b.resumes(true, true, true); v.Answer == nil {
		t.Error("it is resumed, and not all of its rooms are known")
	}
}
