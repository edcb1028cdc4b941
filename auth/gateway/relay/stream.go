package relay

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"usher/auth/gateway/stanza"
)

// A phase is how far a stream has come.
type phase int

const (
	opened         phase = iota // SASL may begin
	authenticating              // Prosody checks the inner token
	refused                     // Prosody did not take it: nothing may follow
	authenticated               // the stream may be opened anew, bound or resumed
	binding                     // Prosody binds an account
	resuming                    // Prosody looks for the stream
	bound                       // the account is recorded
)

// A Stream judges what both sides say on one stream. What the client says is judged
// in one goroutine, what Prosody says in another, or all in one.
type Stream struct {
	streams *Streams
	client  Client

	mu         sync.Mutex
	phase      phase
	renews     bool   // Prosody takes a stream's rights anew when it is resumed
	restarted  bool   // the stream was opened anew after SASL
	request    string // id of the bind request
	resumes    string // the account whose stream is being resumed
	account    string // a localpart
	jid        string // as full as it is known
	resumption string // by which the stream can be resumed; or empty
	over       bool   // Prosody's stream is over for good, or about to be
	taken      bool   // another connection has resumed it
	revoked    bool   // its client is to be shown out
	gone       bool   // its connection has ended
	acked      uint32 // how many stanzas of Prosody the client has acknowledged
	inside     map[string]string
}

// mostInside bounds the rooms that are remembered of one stream.
const mostInside = 64

// FromClient judges an element of the client.
func (s *Stream) FromClient(ctx context.Context, e stanza.Element) Verdict {
	switch {
	case e.Is(stanza.NamespaceFraming, "close"):
		s.Over()
		return Verdict{}
	case s.at() == bound:
		return s.afterBind(ctx, e)
	}
	return s.beforeBind(ctx, e)
}

// FromProsody judges an element of Prosody. The client gets it when it returns.
func (s *Stream) FromProsody(ctx context.Context, e stanza.Element) Verdict {
	switch {
	case e.Is(stanza.NamespaceFraming, "close"), e.Name.Local == "error" && e.Name.Space == namespaceStreams:
		s.Over()
		return Verdict{}
	case s.at() == bound:
		return s.toBound(ctx, e)
	}
	return s.toUnbound(ctx, e)
}

const namespaceStreams = "http://etherx.jabber.org/streams"

// Bound reports whether the account is recorded. Before that every element of both
// sides has to be judged.
func (s *Stream) Bound() bool { return s.at() == bound }

func (s *Stream) at() phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase
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
	if s.phase != bound {
		return ""
	}
	return s.account + "@" + s.client.Host
}

// Gone notes that the connection of the stream has ended; with forGood Prosody's stream
// has, too. It is to be called once, after all else.
func (s *Stream) Gone(forGood bool) {
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
	s.leaves(e.account, e.inside, e.forGood)
}

// An ending is what a stream was when its connection had ended.
type ending struct {
	account        string // a bare JID; empty: none was recorded
	resumption     string
	inside         map[string]string
	taken, forGood bool
	lost           *Lost // what Prosody keeps of it for its client, if it does
}

// end takes the rooms of the account from the stream, which notes nothing any more.
func (s *Stream) end(forGood bool) ending {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := ending{account: s.bareLocked(), resumption: s.resumption, inside: s.inside, taken: s.taken,
		forGood: forGood || s.over || s.resumption == ""}
	if e.account != "" && !e.forGood && !e.taken {
		e.lost = &Lost{Host: s.client.Host, Account: e.account, Resumption: e.resumption, Login: s.client.Login,
			Acked: s.acked, revoked: s.revoked, inside: e.inside}
	}
	s.gone, s.inside = true, nil
	return e
}

func (s *Stream) isGone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gone
}

// acknowledges notes how many stanzas of Prosody the client says that it has.
func (s *Stream) acknowledges(h string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acknowledgesLocked(h)
}

func (s *Stream) acknowledgesLocked(h string) {
	if n, err := strconv.ParseUint(h, 10, 32); err == nil {
		s.acked = uint32(n)
	}
}

// giveUp hands the rooms that the account is in to the stream that has resumed this one.
func (s *Stream) giveUp(resumption string) (inside map[string]string, same bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resumption != resumption {
		return nil, false
	}
	s.taken = true
	inside, s.inside = s.inside, nil
	return inside, true
}

// leaves tells the rooms.
func (s *Stream) leaves(account string, inside map[string]string, forGood bool) {
	rooms := s.streams.Rooms
	if rooms == nil {
		return
	}
	if forGood {
		for _, occupant := range inside {
			rooms.Left(s.join(account, occupant))
		}
	}
	rooms.Disconnected(account)
}

func (s *Stream) join(account, to string) JoinRequest {
	return JoinRequest{Account: account, TokenPrint: s.client.Login.ID.TokenPrint, To: to}
}

// farewell is what the client is told if the stream has to end: that it was taken out of
// its rooms, which its page shows at once.
func (s *Stream) farewell(e End) Farewell {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = true
	f := Farewell{End: e}
	for _, occupant := range s.inside {
		f.Presences = append(f.Presences, []byte(stanza.ShownOut(occupant, s.jid, e.Text)))
	}
	return f
}

// bareOf is an address without its resource.
func bareOf(address string) string {
	bare, _, _ := strings.Cut(address, "/")
	return bare
}
