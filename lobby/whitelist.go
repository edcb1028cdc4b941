package lobby

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Configure puts the whitelist of the configuration in force. What an operator
// added at run time stays beside it.
func (l *Lobby) Configure(entries []Entry) error {
	var fixed []*listed
	for _, e := range entries {
		p, err := e.check(l.o.Canonical)
		if err != nil {
			return err
		}
		fixed = append(fixed, &listed{Entry: e, pattern: p, fixed: true})
	}
	changed := map[string]bool{}
	l.mu.Lock()
	for key, e := range l.entries {
		if e.fixed {
			l.take(key)
			changed[e.JID] = true
		}
	}
	for _, e := range fixed {
		changed[e.JID] = true
		l.put(e)
	}
	l.mu.Unlock()
	l.count()
	for jid := range changed {
		l.changed(jid)
	}
	return nil
}

// put wants the lock.
func (l *Lobby) put(e *listed) {
	l.take(e.Key())
	l.entries[e.Key()] = e
	l.byJID[e.JID] = append(l.byJID[e.JID], e)
}

// take wants the lock.
func (l *Lobby) take(key EntryKey) {
	old := l.entries[key]
	if old == nil {
		return
	}
	delete(l.entries, key)
	rest := slices.DeleteFunc(slices.Clone(l.byJID[key.JID]), func(e *listed) bool { return e == old })
	if len(rest) == 0 {
		delete(l.byJID, key.JID)
		return
	}
	l.byJID[key.JID] = rest
}

// The errors of changes.
var (
	ErrFixed   = errors.New("this entry is in the configuration; change it there")
	ErrUnknown = errors.New("there is no such entry on the whitelist")
	ErrFull    = fmt.Errorf("the whitelist has %d entries already", maxEntries)
)

// Allow adds an entry, or replaces the one of the same key. It is in the state
// when Allow returns.
func (l *Lobby) Allow(ctx context.Context, e Entry) error {
	p, err := e.check(l.o.Canonical)
	if err != nil {
		return err
	}
	l.mu.RLock()
	old := l.entries[e.Key()]
	full := old == nil && len(l.entries) >= maxEntries
	l.mu.RUnlock()
	switch {
	case old != nil && old.fixed:
		return ErrFixed
	case full:
		return ErrFull
	}
	if err := l.apply(ctx, Change{PutEntry: &e}); err != nil {
		return err
	}
	l.mu.Lock()
	l.put(&listed{Entry: e, pattern: p})
	l.mu.Unlock()
	l.count()
	l.changed(e.JID)
	return nil
}

// Remove takes an entry off the whitelist.
func (l *Lobby) Remove(ctx context.Context, key EntryKey) error {
	l.mu.RLock()
	old := l.entries[key]
	l.mu.RUnlock()
	switch {
	case old == nil:
		return ErrUnknown
	case old.fixed:
		return ErrFixed
	}
	l.mu.Lock()
	l.take(key)
	l.mu.Unlock()
	l.count()
	l.changed(key.JID)
	return l.apply(ctx, Change{DeleteEntry: &key}) // off in memory in any case
}

// A Listed is an entry and where it is from.
type Listed struct {
	Entry
	Fixed bool `json:"fixed,omitempty"` // of the configuration
}

// List returns the whitelist, ordered.
func (l *Lobby) List() []Listed {
	now := l.o.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := []Listed{}
	for _, e := range l.entries {
		if !e.ended(now) {
			list = append(list, Listed{e.Entry, e.fixed})
		}
	}
	slices.SortFunc(list, func(a, b Listed) int { return strings.Compare(a.String(), b.String()) })
	return list
}
