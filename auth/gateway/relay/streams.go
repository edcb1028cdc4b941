package relay

import (
	"crypto/rand"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/auth/gateway/swap"
	"usher/auth/relayauth"
	"usher/internal/ratelimit"
)

// Options are the collaborators of [Streams].
type Options struct {
	Door   string // the gateway's name in logs and metrics
	Logins Logins
	Rooms  Rooms        // nil: Prosody alone decides about joins
	Log    *slog.Logger // nil: no log

	// Finish ends streams of one account that Prosody keeps though their connections are
	// lost: the account was revoked, or has other rights now. It returns at once. nil: Prosody
	// keeps them.
	Finish func([]Lost)

	// Component returns the address of usher's component, whose notices are shown as the room's; nil or empty: none
	// are.
	Component func() string

	// Swap authenticates what is swapped. nil means a key of this process alone: a
	// refusal that is on its way when the process ends has no answer.
	Swap *swap.Key
}

// A Farewell is what the client of a stream is told that has to end.
type Farewell struct {
	Presences [][]byte // that show the account out of its rooms
	End       End
}

// A Connection carries a stream. Its methods return at once.
type Connection interface {
	// Leave ends Prosody's stream for good, then tells the client.
	Leave(f Farewell)
	// Cut ends both connections without a word, so that the client resumes its stream
	// and Prosody takes its rights anew.
	Cut()
}

// A Client is whose stream it is.
type Client struct {
	Login       *relayauth.Login
	Host        string // of the stream, in lower case
	EarlyGuests bool   // a conference that has not started is answered "not yet"
	Resumption  string // the identifier that went on to Prosody in the address; or empty
	Connection  Connection
}

func (c *Client) join(account, to string) JoinRequest {
	return JoinRequest{Account: account, TokenPrint: c.Login.ID.TokenPrint, To: to, LoginID: c.Login.ID.LoginID}
}

// Streams are those that run now, by their accounts, and the last that were lost.
type Streams struct {
	Options
	refused ratelimit.Log

	mu      sync.Mutex
	running map[string][]*Stream // by bare JID
	bound   int                  // connections so far
	lost    lostStreams
}

// NewStreams returns the streams of a gateway.
func NewStreams(o Options) *Streams {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Swap == nil {
		o.Swap = new(swap.Key)
		_, _ = rand.Read(o.Swap[:]) // it never fails
	}
	return &Streams{Options: o, running: map[string][]*Stream{}}
}

// New returns a stream that Prosody was dialled for. [Stream.Gone] must follow.
func (t *Streams) New(c Client) *Stream { return newStream(t, c) }

// End ends the streams of an account, a bare JID, for good: it was revoked. Those whose
// connection was lost are not to wait at Prosody for a client that may not resume
// them. It reports whether there is one.
func (t *Streams) End(account, text string) (found bool) {
	list := t.of(account)
	for _, s := range list {
		s.client.Connection.Leave(s.farewell(End{Condition: "not-authorized", Text: text}))
	}
	t.mu.Lock()
	lost := t.lost.take(account, time.Now(), func(*Lost) bool { return true })
	t.mu.Unlock()
	t.finish(lost)
	return len(list)+len(lost) > 0
}

func (t *Streams) finish(lost []Lost) {
	if t.Finish != nil && len(lost) > 0 {
		t.Finish(lost)
	}
}

// Addresses are the full JIDs of the clients of an account, a bare JID, that have a stream now. Prosody delivers to
// them what it would not to the account: Jitsi's clients send no initial presence.
func (t *Streams) Addresses(account string) []string {
	var list []string
	for _, s := range t.of(account) {
		if full := s.shown.address(); strings.Contains(full, "/") {
			list = append(list, full)
		}
	}
	return list
}

func (t *Streams) of(account string) []*Stream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.running[account])
}

// add notes a stream whose account is known. If it has resumed another, it gets the rooms
// that the account is in, before a third can resume it.
func (t *Streams) add(s *Stream, account string, as *boundAs) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.isGone() { // it would never be removed, and the rooms stay those of the stream of before
		s.shown.begin(as.jid, places{partly: as.resumption != ""})
		return
	}
	before := t.running[account]
	t.running[account] = append(before, s)
	var inside places
	if as.resumption != "" {
		inside = t.takeLocked(before, account, as.resumption)
	}
	t.bound++
	s.begins(t.bound, as.since)
	inside.resumedBy(t.bound, as.since, s.client.Login.ID.TokenPrint)
	s.shown.begin(as.jid, inside)
	if s.hasEnded() {
		t.handBackLocked(s)
	}
}

// takeLocked takes the rooms of an account from the stream that has this identifier.
func (t *Streams) takeLocked(running []*Stream, account, resumption string) (inside places) {
	held := false
	for _, other := range running {
		of, holds := other.giveUp(resumption)
		inside.join(of)
		held = held || holds
	}
	if !held {
		inside.join(t.lost.resume(account, resumption))
	}
	return inside
}

// mayBeIn returns where an account, a bare JID, may be by its stream that has this identifier.
func (t *Streams) mayBeIn(account, resumption string) (inside places) {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := false
	for _, s := range t.running[account] {
		of, holds := s.placesOf(resumption)
		inside.join(of)
		held = held || holds
	}
	if i := t.lost.find(account, resumption); i >= 0 {
		inside.join(t.lost.list[i].inside)
		held = true
	}
	inside.partly = inside.partly || !held
	return inside
}

// count returns how many connections were bound so far.
func (t *Streams) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bound
}

// remove notes that a stream has ended. No other can resume it meanwhile.
func (t *Streams) remove(s *Stream, forGood bool) ending {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := s.end(forGood)
	left := slices.DeleteFunc(slices.Clone(t.running[e.account]), func(other *Stream) bool { return other == s })
	if t.running[e.account] = left; len(left) == 0 {
		delete(t.running, e.account)
	}
	if e.taken {
		t.handOnLocked(s, &e)
	}
	if e.lost == nil || e.lost.revoked {
		return e
	}
	t.lost.add(*e.lost, time.Now())
	return e
}

// handBack is for a stream whose connection has ended after it took the stream of another
// connection, though Prosody may have resumed that one later: two were resumed at the same
// moment, and what Prosody said of that was read in another order.
func (t *Streams) handBack(s *Stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handBackLocked(s)
}

func (t *Streams) handBackLocked(s *Stream) {
	resumption, since, holds := s.held()
	if !holds {
		return
	}
	for _, other := range slices.Backward(t.running[s.Account()]) {
		if other != s && other.takeBack(resumption, since) {
			inside, _ := s.giveUp(resumption)
			other.shown.join(inside)
			return
		}
	}
}

// handOnLocked is for a connection that has ended after another took its stream, maybe
// wrongly: what it has noted since is that one's.
func (t *Streams) handOnLocked(s *Stream, e *ending) {
	for _, other := range slices.Backward(t.running[e.account]) {
		if other.wantedBefore(s, e.resumption) {
			other.shown.join(e.inside)
			return
		}
	}
	if i := t.lost.find(e.account, e.resumption); i >= 0 {
		t.lost.list[i].inside.join(e.inside)
	}
}

// left tells the rooms that a connection has ended, and with it maybe the stream.
func (t *Streams) left(c *Client, e *ending) {
	if t.Rooms == nil {
		return
	}
	if e.forGood {
		for _, occupant := range e.inside.rooms {
			t.Rooms.Left(c.join(e.account, occupant))
		}
	}
	t.Rooms.Disconnected(e.account)
}
