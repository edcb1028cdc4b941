package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A StateOperation is what was to be written when the state could not be.
type StateOperation uint8

// What is written: the label operation of [StateErrors].
const (
	StatePutGrant    StateOperation = iota + 1 // a session
	StatePutGiven                              // an affiliation before it is given
	StateDeleteGiven                           // one that was taken away
	StatePutRoom                               // a room's lobby
	StateCreateRoom                            // who created a room
	StateRevoke                                // a revocation
	StateAllow                                 // the end of one
	StateUpdate                                // what ended, later
	StateLobby                                 // the whitelist
	StateStreams                               // which streams can be resumed
	StateOccupants                             // whom the gateway saw in rooms
)

// StateOperations is the closed list.
func StateOperations() []StateOperation { return all(StateOccupants) }

// String returns the label's value.
func (s StateOperation) String() string {
	return word(s, []string{StatePutGrant: "put_grant", StatePutGiven: "put_given", StateDeleteGiven: "delete_given",
		StatePutRoom: "put_room", StateCreateRoom: "create_room", StateRevoke: "revoke", StateAllow: "allow",
		StateUpdate: "update", StateLobby: "lobby",
		StateStreams: "streams", StateOccupants: "occupants"})
}

// A StateSize is how large a state's journal is, and how far the file is behind it.
type StateSize struct {
	JournalBytes, BehindBytes int64
	BehindAge                 time.Duration // of the oldest that the file does not have; 0: it has all
}

// A state asks how large the state is when the series is read.
type state struct {
	ask     atomic.Pointer[func() StateSize]
	revoked atomic.Pointer[func() int]
}

func newState(registry *prometheus.Registry) *state {
	s := &state{}
	gauge := func(name, help string, of func(StateSize) float64) {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			if ask := s.ask.Load(); ask != nil {
				return of((*ask)())
			}
			return 0
		}))
	}
	gauge(StateJournalBytes, "Size of the state's journal on the disk, in bytes.",
		func(s StateSize) float64 { return float64(s.JournalBytes) })
	gauge(StateBehindBytes, "What the file of the state does not have yet of the journal, in bytes.",
		func(s StateSize) float64 { return float64(s.BehindBytes) })
	gauge(StateBehindSeconds, "Age of the oldest that the file of the state does not have yet, in seconds.",
		func(s StateSize) float64 { return s.BehindAge.Seconds() })
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: RevocationsGauge,
		Help: "Revocations in force, of this usher and of the others of its cluster."}, func() float64 {
		if ask := s.revoked.Load(); ask != nil {
			return float64((*ask)())
		}
		return 0
	}))
	return s
}

// WatchRevocations has the series of the revocations ask how many there are. Without it there are 0.
func (m *Metrics) WatchRevocations(ask func() int) { m.state.revoked.Store(&ask) }

// WatchState has the series of the state's size ask for it. Without it they are 0.
func (m *Metrics) WatchState(ask func() StateSize) { m.state.ask.Store(&ask) }
