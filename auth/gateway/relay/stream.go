package relay

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/gateway/stanza"
)

// A Stream judges what both sides say on one stream. What the client says is judged
// in one goroutine, what Prosody says in another, or all in one.
type Stream struct {
	streams   *Streams
	client    Client
	handshake handshake
	shown     shown
	acked     acked

	mu         sync.Mutex
	account    string // a localpart; empty until it is recorded
	resumption string // by which the stream can be resumed; or empty
	over       bool   // Prosody's stream is over for good, or about to be
	kept       bool   // as it was resumed its login became the stream's
	taken      bool   // another connection has resumed it
	since      int    // how many connections were bound when its client asked to resume
	bound      int    // which of them it is
	revoked    bool   // its client is to be shown out
	ended      bool   // Prosody's connection or the client's has ended, or is about to
	gone       bool   // both have, and nothing is told any more
}

// acked is how many stanzas of Prosody the client says that it has.
type acked struct{ atomic.Uint32 }

func (a *acked) note(h string) {
	if n, err := strconv.ParseUint(h, 10, 32); err == nil {
		a.Store(uint32(n))
	}
}

func newStream(t *Streams, c Client) *Stream {
	s := &Stream{streams: t, client: c}
	s.handshake.streams, s.handshake.client = t, &s.client
	return s
}

// judgeWithin bounds how long one element waits for the rooms, the state and the component,
// which have times of their own. What is not decided by then is refused.
const judgeWithin = 10 * time.Second

// FromClient judges an element of the client.
func (s *Stream) FromClient(ctx context.Context, e stanza.Element) Verdict {
	ctx, cancel := context.WithTimeout(ctx, judgeWithin)
	defer cancel()
	switch {
	case e.Is(stanza.NamespaceFraming, "close"):
		s.Over()
		return Verdict{}
	case s.Bound():
		return s.afterBind(ctx, e)
	}
	return s.handshake.fromClient(ctx, e)
}

// FromProsody judges an element of Prosody. The client gets it when it returns.
func (s *Stream) FromProsody(ctx context.Context, e stanza.Element) Verdict {
	ctx, cancel := context.WithTimeout(ctx, judgeWithin)
	defer cancel()
	switch {
	case e.Is(stanza.NamespaceFraming, "close"), e.Name.Local == "error" && e.Name.Space == namespaceStreams:
		s.Over()
		return Verdict{}
	case s.Bound():
		return s.toBound(ctx, e)
	}
	as, v := s.handshake.fromProsody(ctx, e)
	if as != nil {
		return s.record(ctx, as)
	}
	return v
}

// record has the account be recorded; the client learns it afterwards.
func (s *Stream) record(ctx context.Context, as *boundAs) Verdict {
	if err := s.streams.Logins.Record(ctx, s.client.Login, s.client.Host, as.account); err != nil {
		return Verdict{End: EndFor(err)}
	}
	// Before the table has the stream: if its connection ends meanwhile it would stay there.
	s.mu.Lock()
	s.account, s.resumption = as.account, as.resumption
	bare := s.bareLocked()
	s.mu.Unlock()
	s.acked.note(as.acked)
	s.streams.add(s, bare, as)
	if s.streams.Rooms != nil && as.resumption != "" {
		s.streams.Rooms.Resumed(bare)
	}
	// What was revoked until now, or taken back since the inner token was made, found no stream.
	if err := s.streams.Logins.StillGood(ctx, s.client.Login); err != nil {
		return Verdict{End: EndFor(err)}
	}
	if as.resumption != "" {
		if _, ok := s.streams.Logins.MayResume(s.client.Login, s.client.Host, as.resumption); !ok {
			return Verdict{End: &End{"not-authorized", resumedByAnother}}
		}
	}
	if !s.streams.gainsNothing(&s.client, as.account, s.streams.mayBeIn(bare, as.resumption)) {
		return Verdict{End: &End{"not-authorized", otherRooms}}
	}
	// A stream that was not resumed stays the login's of before, and so does one whose rights are refused.
	if as.resumption != "" {
		if err := s.streams.Logins.RememberStream(ctx, s.client.Login, s.client.Host, as.account,
			as.resumption); err != nil {
			return Verdict{End: EndFor(err)}
		}
		s.mu.Lock()
		s.kept = true
		s.mu.Unlock()
		s.streams.forget(&s.client, bare, as.resumption)
	}
	s.review()
	return Verdict{}
}

const namespaceStreams = "http://etherx.jabber.org/streams"

// Bound reports whether the account is recorded. Before that every element of both
// sides has to be judged.
func (s *Stream) Bound() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account != ""
}

// Over notes that the stream is about to end at Prosody, too.
func (s *Stream) Over() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// Account returns the bare JID that is recorded, or empty.
func (s *Stream) Account() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bareLocked()
}

func (s *Stream) bareLocked() string {
	if s.account == "" {
		return ""
	}
	return s.account + "@" + s.client.Host
}

// Gone notes that the connection of the stream has ended; with forGood Prosody's stream
// has, too. It is to be called once, after all else.
func (s *Stream) Gone(forGood bool) {
	s.streams.handBack(s) // of BOSH nothing else says that it ends
	e := s.streams.remove(s, forGood)
	if e.lost != nil && e.lost.revoked { // the connection was lost before Prosody was told
		s.streams.finish([]Lost{*e.lost})
	}
	if e.account == "" || e.taken {
		return
	}
	if e.resumption != "" {
		s.streams.Logins.StreamEnded(s.client.Host, e.resumption, e.forGood)
	}
	s.streams.left(&s.client, &e)
}

// An ending is what a stream was when its connection had ended.
type ending struct {
	account        string // a bare JID; empty: none was recorded
	resumption     string
	inside         places
	taken, forGood bool
	lost           *Lost // what Prosody keeps of it for its client, if it does
}

// end takes the rooms of the account from the stream, which notes nothing any more.
func (s *Stream) end(forGood bool) ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := ending{account: s.bareLocked(), resumption: s.resumption, inside: s.withDoubtLocked(s.shown.take()),
		taken: s.taken, forGood: forGood || s.over || s.resumption == ""}
	if e.account != "" && !e.forGood && !e.taken {
		e.lost = &Lost{Host: s.client.Host, Account: e.account, Resumption: e.resumption, Login: s.client.Login,
			Acked: s.acked.Load(), renews: s.handshake.renewsRights(), revoked: s.revoked, inside: e.inside}
	}
	s.gone = true
	return e
}

// begins notes which connection this is, and since when it was wanted.
func (s *Stream) begins(bound, since int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bound, s.since = bound, since
}

// wantedBefore reports whether this stream wanted what another has before that was bound.
func (s *Stream) wantedBefore(other *Stream, resumption string) bool {
	_, bound := other.order()
	since, _ := s.order()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumption == resumption && since < bound
}

func (s *Stream) order() (since, bound int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since, s.bound
}

func (s *Stream) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

func (s *Stream) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// giveUp hands the rooms that the account is in to the stream that has resumed this one, and
// reports whether it had those of before: a stream that was taken has what came since.
func (s *Stream) giveUp(resumption string) (inside places, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumption != resumption {
		return places{}, false
	}
	held, s.taken = !s.taken, true
	return s.withDoubtLocked(s.shown.take()), held
}

// withDoubtLocked adds to the places of a connection that has other rights than the stream had
// that those may be refused, and are Prosody's until then.
func (s *Stream) withDoubtLocked(inside places) places {
	inside.unsure = inside.unsure || s.resumption != "" && !s.kept && s.client.Login.MayGain()
	return inside
}

// placesOf is what giveUp would return.
func (s *Stream) placesOf(resumption string) (inside places, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumption != resumption {
		return places{}, false
	}
	return s.withDoubtLocked(s.shown.places()), !s.taken
}

// Ended notes that a connection of the stream ends; with forGood Prosody's stream does, too.
// [Stream.Gone] follows once its client has been told.
func (s *Stream) Ended(forGood bool) {
	s.mu.Lock()
	s.ended, s.over = true, s.over || forGood
	s.mu.Unlock()
	s.streams.handBack(s)
}

// held returns by which identifier the stream can be resumed, since when its client wanted
// that, and whether it is this connection's.
func (s *Stream) held() (resumption string, since int, holds bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resumption, s.since, s.resumption != "" && !s.taken && !s.revoked
}

// takeBack reports whether the stream that was taken from this connection is this one's
// again: it was bound since the other's client asked. If it was not taken wrongly Prosody
// closes this connection, too.
func (s *Stream) takeBack(resumption string, since int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumption != resumption || s.bound <= since || !s.taken || s.ended || s.over || s.revoked {
		return false
	}
	s.taken = false
	return true
}

// farewell is what the client is told if the stream has to end: that it was taken out of
// its rooms, which its page shows at once.
func (s *Stream) farewell(e End) Farewell {
	s.mu.Lock()
	s.revoked = true
	s.mu.Unlock()
	return Farewell{Presences: s.shown.out(e.Text), End: e}
}

// review is for a stream whose login is recorded.
func (s *Stream) review() {
	if s.streams.Logins.Outdated(s.client.Login) {
		s.cut()
	}
}

// cut is repeated without harm. A stream that is ended already is not cut: its client is
// told why it ends, and would not be.
func (s *Stream) cut() {
	s.mu.Lock()
	ending := s.revoked
	s.mu.Unlock()
	switch {
	case ending:
	case s.handshake.renewsRights():
		s.client.Connection.Cut()
	default:
		s.client.Connection.Leave(s.farewell(End{Condition: "reset", Text: newRights}))
	}
}
