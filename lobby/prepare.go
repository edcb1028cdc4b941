package lobby

import (
	"fmt"
	"maps"
	"slices"
)

// Prepared is a whitelist of the configuration that was checked, and is not in
// force yet. It may be dropped without a trace.
type Prepared struct {
	lobby   *Lobby
	entries map[EntryKey]*listed
}

// Prepare checks the whitelist of a configuration. Everything that can fail
// fails here; what is in force stays. Of entries with one key the last counts.
func (l *Lobby) Prepare(entries []Entry) (*Prepared, error) {
	fixed, err := compile(entries)
	if err != nil {
		return nil, err
	}
	return &Prepared{l, fixed}, nil
}

// CheckWhitelist returns what [Lobby.Prepare] would refuse.
func CheckWhitelist(entries []Entry) error {
	_, err := compile(entries)
	return err
}

func compile(entries []Entry) (map[EntryKey]*listed, error) {
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("the whitelist has %d entries, and %d are the most", len(entries), MaxEntries)
	}
	fixed := map[EntryKey]*listed{}
	for _, e := range entries {
		pattern, err := e.Check()
		if err != nil {
			return nil, err
		}
		fixed[e.Key()] = &listed{Entry: e, pattern: pattern, fixed: true}
	}
	return fixed, nil
}

// Commit puts the whitelist in force. What an operator added at run time stays
// beside it. It returns the JIDs and domains of the entries that are others now.
func (p *Prepared) Commit() []string {
	l := p.lobby
	l.change.Lock()
	next, changed := l.whitelist.with(p.entries) // nobody else changes it meanwhile
	l.write(func() { l.whitelist = next })
	l.change.Unlock()
	l.count()
	return changed
}

// with returns the whitelist that has other entries of the configuration, and the JIDs and
// domains of those that are others.
func (w *whitelist) with(fixed map[EntryKey]*listed) (next whitelist, changed []string) {
	next = newWhitelist()
	set := map[string]bool{}
	for _, e := range w.entries {
		if !e.fixed {
			next.put(e)
		} else if fixed[e.Key()] == nil {
			set[e.JID] = true
		}
	}
	for _, e := range fixed {
		if old := w.entries[e.key()]; old == nil || old.Entry != e.Entry {
			set[e.JID] = true
		}
		next.put(e)
	}
	return next, slices.Collect(maps.Keys(set))
}
