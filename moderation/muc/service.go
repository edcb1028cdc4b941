package muc

import (
	"context"
	"sync/atomic"
	"time"

	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// Rooms is what joins ask rooms by way of the component. Rooms are named by bare JIDs.
type Rooms interface {
	// Beginning says how far a room is.
	Beginning(ctx context.Context, room string) (moderation.Beginning, error)
	// MainRoom returns the bare JID of the room that a breakout room belongs to.
	MainRoom(ctx context.Context, room string) (string, error)
	// Occupants returns who is in a room.
	Occupants(ctx context.Context, room string) ([]moderation.Occupant, error)
}

// A Connection numbers the present connection of the component; zero is none.
type Connection interface{ Connection() uint64 }

// Effects are what follows from joins in the rooms themselves. Rooms and accounts
// are bare JIDs.
type Effects interface {
	// Joined has a room reconciled shortly after a join was allowed.
	Joined(room, account string)
	// Urgent has a room reconciled now.
	Urgent(room, account string)
	// BeforeJoin makes an account be in a room what its sessions say, at the latest
	// when ctx ends; what is not done by then is done meanwhile.
	BeforeJoin(ctx context.Context, room, account string)
}

// InFlight reports whether an affiliation is just being set: a join whose role
// Prosody computed before would be put out again.
type InFlight interface {
	InFlight(room, account string) bool
}

// A Notifier is told of each knock, and of what moderators are to be told of it.
type Notifier interface {
	Knocked(room, account, name string, notice lobby.Notice)
}

// Options are the collaborators of a [Service]. A nil Metrics is a no-op; a nil Now
// is time.Now.
type Options struct {
	Sessions *sessions.Sessions
	Lobby    *lobby.Lobby // nil: no lobby
	Unasked  *unasked.Reporter
	Metrics  *metrics.Metrics
	Now      func() time.Time
	Last     Recorder // nil: no decision is kept

	// Of the component; nil without one.
	Rooms interface {
		Rooms
		Connection
	}
	Reconciler interface {
		Effects
		InFlight
	}
	Notifier Notifier

	Cluster Cluster // nil: this usher is alone
}

// A Cluster is several ushers that know the same.
type Cluster interface {
	// Asked is told of each question of Prosody: whom it asks writes for it.
	Asked()
	// More returns a channel that is closed once more of what the others published is known here.
	More() <-chan struct{}
}

// A Service answers Prosody's questions about joins and new rooms, and is told
// before a join where the gateway sees it. It is safe for concurrent use.
type Service struct {
	sessions *sessions.Sessions
	kept     *sessions.Rooms
	lobby    *lobby.Lobby // may be nil
	unasked  *unasked.Reporter
	metrics  *metrics.Metrics
	now      func() time.Time
	last     Recorder // may be nil

	alone bool // there is no component
	rooms interface {
		Rooms
		Connection
	}
	effects  Effects
	inFlight InFlight
	notifier Notifier
	cluster  Cluster // may be nil

	beginnings *beginnings
	mains      *mainRooms // of breakout rooms
	through    *mainRooms // of accounts and breakout rooms
	attended   *attendance
	goingOn    *goingOn
	guard      creationGuard
	pending    pendingJoins
	awaiting   atomic.Int32 // questions that wait for what was kept
}

// New returns a service, which starts nothing.
func New(o Options) *Service {
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Service{
		sessions: o.Sessions, kept: o.Sessions.Rooms(), lobby: o.Lobby, unasked: o.Unasked, metrics: o.Metrics, now: o.Now,
		last:  o.Last,
		rooms: o.Rooms, effects: o.Reconciler, inFlight: o.Reconciler, notifier: o.Notifier,
		mains: newMainRooms(), through: newMainRooms(), attended: newAttendance(),
		goingOn: newGoingOn(), cluster: o.Cluster,
	}
	if m.alone = o.Rooms == nil; m.alone {
		m.rooms, m.effects, m.inFlight, m.notifier = noComponent{}, noComponent{}, noComponent{}, noComponent{}
	}
	m.beginnings = newBeginnings(m.rooms)
	m.metrics.JoinReasons(texts(moderation.AllowReasons()), texts(moderation.DenyReasons()),
		texts(moderation.UndecidedReasons()))
	return m
}

func texts(reasons []moderation.Reason) []string {
	list := make([]string, len(reasons))
	for i, r := range reasons {
		list[i] = string(r)
	}
	return list
}
