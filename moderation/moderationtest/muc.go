package moderationtest

import (
	"context"
	"slices"
	"strings"
	"sync"
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

// New returns a MUC without rooms.
func New(order Order, delays Delays) *MUC {
	m := &MUC{order: order, delays: delays, connected: make(chan struct{}, 1), connection: 1, rooms: map[string]*room{},
		mains: map[string]string{}}
	m.connected <- struct{}{}
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

// Delay has the requests from now on take so long.
func (m *MUC) Delay(d Delays) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delays = d
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

// request has effect called once it is its turn, and returns what that returns; or,
// when ctx ends before, its error: what was sent takes effect all the same.
func (m *MUC) request(ctx context.Context, takes func(Delays) time.Duration, effect func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	delay, before, after := takes(m.delays), m.last, make(chan struct{})
	if m.order == AnyOrder {
		before = nil
	} else {
		m.last = after
	}
	m.mu.Unlock()
	result := make(chan error, 1)
	m.work.Go(func() {
		time.Sleep(delay)
		if before != nil {
			<-before
		}
		m.mu.Lock()
		result <- effect()
		m.mu.Unlock()
		close(after)
	})
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask is request, of a room that has to be there.
func (m *MUC) ask(ctx context.Context, name string, takes func(Delays) time.Duration, effect func(*room) error) error {
	return m.request(ctx, takes, func() error {
		if m.fail != nil {
			return m.fail
		}
		r := m.rooms[name]
		if r == nil && m.everywhere {
			r = m.makeLocked(name)
		}
		if r == nil {
			return moderation.ErrNoRoom
		}
		return effect(r)
	})
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

// ListRooms returns the rooms of a component in the order in which they were made.
func (m *MUC) ListRooms(ctx context.Context, muc string, all bool) (rooms []string, isAll bool, err error) {
	err = m.request(ctx, atOnce, func() error {
		m.log.Listings++
		isAll = all && !m.publicOnly
		for _, name := range m.made {
			if strings.HasSuffix(name, "@"+muc) && (isAll || !m.rooms[name].hidden) {
				rooms = append(rooms, name)
			}
		}
		return m.fail
	})
	if err != nil {
		return nil, false, err
	}
	return rooms, isAll, nil
}

func atOnce(Delays) time.Duration { return 0 }

// Tell notes a message.
func (m *MUC) Tell(ctx context.Context, jid, text string) error {
	return m.request(ctx, atOnce, func() error {
		m.log.Told = append(m.log.Told, jid+": "+text)
		return m.unsent
	})
}

// Invite notes an invitation.
func (m *MUC) Invite(ctx context.Context, room, jid, _ string) error {
	return m.request(ctx, func(d Delays) time.Duration { return d.Inviting }, func() error {
		m.log.Invited = append(m.log.Invited, jid+" to "+room)
		return m.unsent
	})
}

// SetMain has a room be a breakout room of another; or, for "", of none.
func (m *MUC) SetMain(breakout, main string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mains[breakout] = main
}

// MainRoom returns the room that a breakout room belongs to.
func (m *MUC) MainRoom(ctx context.Context, breakout string) (main string, err error) {
	err = m.request(ctx, atOnce, func() error {
		if main = m.mains[breakout]; main == "" {
			return moderation.ErrNoRoom
		}
		return m.fail
	})
	return main, err
}
