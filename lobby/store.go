package lobby

import (
	"context"
	"time"
)

// A Store keeps what operators and moderators decided over restarts. Its
// methods are safe for concurrent use.
type Store interface {
	// LoadLobby returns everything that is kept. It is called once, at the start.
	LoadLobby(ctx context.Context) (State, error)

	// ApplyLobby makes changes, all of them or none; what it has confirmed
	// survives a killed process.
	ApplyLobby(ctx context.Context, changes ...Change) error

	// LearnLobby is ApplyLobby of what other ushers said: they need not be told of it.
	LearnLobby(ctx context.Context, changes ...Change) error
}

// State is everything that a [Store] keeps, in no particular order.
type State struct {
	Entries  []Entry
	Verdicts []Verdict
}

// A Change is one line of [Store.ApplyLobby]. Exactly one field is set. A value
// is put in the place of one with the same key; deleting what is not there is
// no error.
type Change struct {
	PutEntry      *Entry
	DeleteEntry   *EntryKey
	PutVerdict    *Verdict
	DeleteVerdict *VerdictKey
}

// A Verdict is what was decided about an account that knocked. It holds for
// [VerdictLasts].
type Verdict struct {
	Room     string    `json:"room"` // bare JID
	JID      string    `json:"jid"`  // bare JID
	Admitted bool      `json:"admitted"`
	By       string    `json:"by,omitempty"` // bare JID of a moderator; empty: an operator
	At       time.Time `json:"at"`
	Gone     bool      `json:"gone,omitempty"` // it was taken back: the other ushers are to know
}

// A VerdictKey names a verdict.
type VerdictKey struct{ Room, JID string }

func (v Verdict) key() VerdictKey { return VerdictKey{v.Room, v.JID} }

// VerdictLasts is how long an account stays admitted or denied. It is longer than
// a meeting, and than the random account of a guest.
const VerdictLasts = 24 * time.Hour

func (v Verdict) ended(now time.Time) bool { return !now.Before(v.At.Add(VerdictLasts)) }
