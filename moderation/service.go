package moderation

import (
	"context"
	"log/slog"
	"time"

	"usher/lobby"
	"usher/metrics"
	"usher/moderation/unasked"
)

// AskedRooms is what joins ask rooms by way of the component.
type AskedRooms interface {
	// Beginning says how far a room is.
	Beginning(ctx context.Context, room string) (Beginning, error)
	// MainRoom returns the bare JID of the room that a breakout room belongs to.
	MainRoom(ctx context.Context, room string) (string, error)
	// Occupants returns who is in a room.
	Occupants(ctx context.Context, room string) ([]Occupant, error)
}

// A Connection numbers the present connection of the component; zero is none.
type Connection interface{ Connection() uint64 }

// Effects are what follows from joins in the rooms themselves. Rooms and accounts
// are bare JIDs.
type Effects interface {
	// Joined has a room looked at shortly after a join was allowed.
	Joined(room, account string)
	// Urgent has a room looked at now.
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

// Notified is told of each knock, and of what moderators are to be told of it.
type Notified interface {
	Knocked(room, account, name string, notice lobby.Notice)
}

// ServiceOptions are the collaborators of a [Service].
type ServiceOptions struct {
	Sessions *Sessions

	// Of the component; nil without one.
	Rooms interface {
		AskedRooms
		Connection
	}
	Reconciler interface {
		Effects
		InFlight
	}
	Notifier Notified
}

// A Service answers Prosody's questions about joins and new rooms, and is told
// before a join where the gateway sees it. It is safe for concurrent use.
type Service struct {
	sessions *Sessions
	lobby    *lobby.Lobby // may be nil
	log      *slog.Logger
	metrics  *metrics.Metrics
	now      func() time.Time
	unasked  *unasked.Book

	alone bool // there is no component
	rooms interface {
		AskedRooms
		Connection
	}
	effects  Effects
	inFlight InFlight
	notifier Notified

	beginnings *beginnings
	mains      mainRooms
	attended   attendance
	births     births
	arrivals   arrivals
}

// NewService returns the service of some sessions.
func NewService(o ServiceOptions) *Service {
	s := o.Sessions
	m := &Service{sessions: s, lobby: s.lobby, log: s.log, metrics: s.metrics, now: s.now, unasked: s.unasked,
		rooms: o.Rooms, effects: o.Reconciler, inFlight: o.Reconciler, notifier: o.Notifier}
	if m.alone = o.Rooms == nil; m.alone {
		m.rooms, m.effects, m.inFlight, m.notifier = noComponent{}, noComponent{}, noComponent{}, noComponent{}
	}
	m.beginnings = newBeginnings(m.rooms)
	return m
}

// noComponent stands for the component and all who work by way of it, where there is none.
type noComponent struct{}

func (noComponent) Beginning(context.Context, string) (Beginning, error) {
	return Beginning{}, ErrUnreachable
}

func (noComponent) MainRoom(context.Context, string) (string, error) { return "", ErrUnreachable }

func (noComponent) Occupants(context.Context, string) ([]Occupant, error) {
	return nil, ErrUnreachable
}

func (noComponent) Connection() uint64                           { return 0 }
func (noComponent) Joined(string, string)                        {}
func (noComponent) Urgent(string, string)                        {}
func (noComponent) BeforeJoin(context.Context, string, string)   {}
func (noComponent) InFlight(string, string) bool                 { return false }
func (noComponent) Knocked(string, string, string, lobby.Notice) {}

// settling reports whether a room that lets in nobody but members is just being
// told that an account is one.
func (m *Service) settling(room, jid string) bool {
	if !m.inFlight.InFlight(room, jid) {
		return false
	}
	was, _ := m.sessions.closedRoom(room, 0)
	return was
}
