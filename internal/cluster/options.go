package cluster

import (
	"log/slog"
	"time"
)

// The bounds of a staleness, and how long what went is remembered.
const (
	MinStaleness = 5 * time.Second
	MaxStaleness = time.Hour

	tombstones = 30 * 24 * time.Hour
)

// Options say who a node is. A nil Log or Now is a no-op and time.Now.
type Options struct {
	Node      string        // name, as [CheckName] wants it
	Cell      string        // of the Prosody beside it
	Staleness time.Duration // after that without the others Fresh is false; 0: never
	Machine   string        // what only this machine has, to tell a restart from a second usher of this name
	State     string        // what only this node's state has
	Usher     string        // version
	Config    string        // hash of what the nodes' configurations must agree in

	Log  *slog.Logger
	Now  func() time.Time
	Seen func(Event) // what is counted; nil: nothing

	// Told is told what other nodes of the cell tell this one; nil: nobody. It must not wait.
	Told func(kind Kind, from string, body []byte)
}

// An Event is something that is counted.
type Event struct {
	What Counted
	Kind Kind // of Applied
	N    int
}

// Counted says what is counted.
type Counted int

// What is counted.
const (
	Published Counted = iota // entries
	Applied                  // facts of other nodes
	Resent                   // facts that were published again
	Gap                      // numbers of a node were missing
	BadMAC                   // entries that no key of the cluster made, or that cannot be read
	Unknown                  // facts that this version does not know
)

func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Told == nil {
		o.Told = func(Kind, string, []byte) {}
	}
	if o.Seen == nil {
		o.Seen = func(Event) {}
	}
}

// beatEvery is how often a node says that it lives, by its staleness, if so many do: all of
// them together do not say it too often.
func beatEvery(staleness time.Duration, nodes int) time.Duration {
	const usual, each = time.Second, 20 * time.Millisecond
	if staleness == 0 {
		staleness = time.Minute
	}
	return min(max(usual, time.Duration(nodes)*each), staleness/6)
}
