package moderationtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/moderation"
)

// An Order says in which order requests take effect.
type Order bool

// The orders.
const (
	InOrder  Order = false // in which they were asked
	AnyOrder Order = true  // whichever is done first
)

// Orders returns both.
func Orders() []Order { return []Order{InOrder, AnyOrder} }

// String says which it is.
func (o Order) String() string {
	if o == InOrder {
		return "in order"
	}
	return "in any order"
}

// Delays are how long requests take. Zero is no time.
type Delays struct {
	Reading  time.Duration // of affiliations
	Listing  time.Duration // of who is in a room
	Setting  time.Duration // of affiliations
	Telling  time.Duration // of how far a room is
	Inviting time.Duration // of an invitation
}

// A MUC is all MUC components of a Prosody. It is what a reconciler, a notifier and
// the service of joins ask. It is connected from the start, by connection 1. It is
// safe for concurrent use.
type MUC struct {
	order     Order
	connected chan struct{}
	work      sync.WaitGroup

	mu         sync.Mutex
	last       chan struct{} // closed when the last request has taken effect; nil: none was made
	delays     Delays
	fail       error // of every request to a room
	unsent     error // of every message
	connection uint64
	rooms      map[string]*room
	made       []string // rooms in the order in which they were made
	everywhere bool     // a room is there as soon as anything is asked about it
	publicOnly bool
	mains      map[string]string // of breakout rooms
	log        Log
}

// A Log is what was asked of a [MUC].
type Log struct {
	Reads    int      // of affiliations
	Sets     []Set    // in the order in which they took effect
	Listings int      // of rooms
	Told     []string // "account: text", in order
	Invited  []string // "account to room", in order

	Begun  int // questions about how far a room is
	AtOnce int // the most of those at the same time
	begin  int
}

// A Set is an affiliation that was set by a request.
type Set struct {
	Room, JID   string
	Affiliation moderation.Affiliation
}

// String returns the account and the affiliation.
func (s Set) String() string { return s.JID + " " + string(s.Affiliation) }

// New returns a MUC without rooms. The test ends when every request has taken effect.
func New(t testing.TB, order Order, delays Delays) *MUC {
	m := &MUC{order: order, delays: delays, connected: make(chan struct{}, 1), connection: 1, rooms: map[string]*room{},
		mains: map[string]string{}}
	m.connected <- struct{}{}
	t.Cleanup(m.Close)
	return m
}

// Close waits until every request has taken effect.
func (m *MUC) Close() { m.work.Wait() }

// Everywhere has every room be there from the moment that anything is asked about it.
func (m *MUC) Everywhere() *MUC {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.everywhere = true
	return m
}

// PublicOnly has the MUC list its public rooms only, whatever is asked for.
func (m *MUC) PublicOnly() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.publicOnly = true
}

// Delay has the requests from now on take other times.
func (m *MUC) Delay(change func(*Delays)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.delays)
}

// Fail has every request to a room fail from now on, or, for nil, none.
func (m *MUC) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

// FailMessages has every message fail from now on, or, for nil, none.
func (m *MUC) FailMessages(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unsent = err
}

// Connect gives the MUC another connection, and says so. Zero is none, of which
// nothing is said.
func (m *MUC) Connect(number uint64) {
	m.Renumber(number)
	if number == 0 {
		return
	}
	select {
	case m.connected <- struct{}{}:
	default:
	}
}

// Renumber is Connect, but nobody is told.
func (m *MUC) Renumber(number uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.connection = number
}

// Connection numbers the present connection; zero is none.
func (m *MUC) Connection() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.connection
}

// Connected receives a value for each connection that somebody is told of.
func (m *MUC) Connected() <-chan struct{} { return m.connected }

// Seen returns what was asked so far.
func (m *MUC) Seen() Log {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.log
	l.Sets, l.Told, l.Invited = slices.Clone(l.Sets), slices.Clone(l.Told), slices.Clone(l.Invited)
	return l
}

// Forget empties what [MUC.Seen] returns, but for who asks now.
func (m *MUC) Forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = Log{begin: m.log.begin, AtOnce: m.log.begin}
}

// An answer is what came of a request.
type answer[T any] struct {
	value T
	err   error
}

// request has effect called once it is its turn, and returns what that returns; or,
// when ctx ends before, its error: what was sent takes effect all the same.
func request[T any](ctx context.Context, m *MUC, takes func(Delays) time.Duration, effect func() (T, error)) (
	none T, _ error) {
	if err := ctx.Err(); err != nil {
		return none, err
	}
	m.mu.Lock()
	delay, before, after := takes(m.delays), m.last, make(chan struct{})
	if m.order == AnyOrder {
		before = nil
	} else {
		m.last = after
	}
	m.mu.Unlock()
	result := make(chan answer[T], 1)
	m.work.Go(func() {
		time.Sleep(delay)
		if before != nil {
			<-before
		}
		m.mu.Lock()
		value, err := effect()
		m.mu.Unlock()
		result <- answer[T]{value, err}
		close(after)
	})
	select {
	case a := <-result:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// ask is request, of a room that has to be there.
func ask[T any](ctx context.Context, m *MUC, name string, takes func(Delays) time.Duration, effect func(*room) T) (
	T, error) {
	return request(ctx, m, takes, func() (none T, _ error) {
		if m.fail != nil {
			return none, m.fail
		}
		r := m.rooms[name]
		if r == nil && m.everywhere {
			r = m.makeLocked(name)
		}
		if r == nil {
			return none, moderation.ErrNoRoom
		}
		return effect(r), nil
	})
}

// tell is ask of what has no answer.
func tell(ctx context.Context, m *MUC, name string, takes func(Delays) time.Duration, effect func(*room)) error {
	_, err := ask(ctx, m, name, takes, func(r *room) struct{} {
		effect(r)
		return struct{}{}
	})
	return err
}

func (m *MUC) makeLocked(name string) *room {
	r := newRoom()
	m.rooms[name] = r
	m.made = append(m.made, name)
	return r
}

func (m *MUC) destroyLocked(name string) {
	delete(m.rooms, name)
	m.made = slices.DeleteFunc(m.made, func(other string) bool { return other == name })
}

// listed is what ListRooms returns.
type listed struct {
	rooms []string
	all   bool
}

// ListRooms returns the rooms of a component in the order in which they were made.
func (m *MUC) ListRooms(ctx context.Context, muc string, all bool) (rooms []string, isAll bool, err error) {
	l, err := request(ctx, m, atOnce, func() (listed, error) {
		m.log.Listings++
		if m.fail != nil {
			return listed{}, m.fail
		}
		l := listed{all: all && !m.publicOnly}
		for _, name := range m.made {
			if strings.HasSuffix(name, "@"+muc) && (l.all || !m.rooms[name].hidden) {
				l.rooms = append(l.rooms, name)
			}
		}
		return l, nil
	})
	return l.rooms, l.all, err
}

func atOnce(Delays) time.Duration { return 0 }

// Tell notes a message.
func (m *MUC) Tell(ctx context.Context, jid, text string) error {
	_, err := request(ctx, m, atOnce, func() (struct{}, error) {
		m.log.Told = append(m.log.Told, jid+": "+text)
		return struct{}{}, m.unsent
	})
	return err
}

// TellAlone notes a message to a full JID.
func (m *MUC) TellAlone(ctx context.Context, _, _, full, text string) error {
	return m.Tell(ctx, full, text)
}

// Invite notes an invitation.
func (m *MUC) Invite(ctx context.Context, room, jid, _ string) error {
	_, err := request(ctx, m, func(d Delays) time.Duration { return d.Inviting }, func() (struct{}, error) {
		m.log.Invited = append(m.log.Invited, jid+" to "+room)
		return struct{}{}, m.unsent
	})
	return err
}

// SetMain has a room be a breakout room of another; or, for "", of none.
func (m *MUC) SetMain(breakout, main string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mains[breakout] = main
}

// MainRoom returns the room that a breakout room belongs to.
func (m *MUC) MainRoom(ctx context.Context, breakout string) (main string, err error) {
	return request(ctx, m, atOnce, func() (string, error) {
		if main := m.mains[breakout]; m.fail == nil && main != "" {
			return main, nil
		}
		return "", cmp.Or(m.fail, moderation.ErrNoRoom)
	})
}
