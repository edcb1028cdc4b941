package lobby

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"usher/internal/guard"
)

// The errors of changes.
var (
	ErrFixed   = errors.New("this entry is in the configuration; change it there")
	ErrUnknown = errors.New("there is no such entry on the whitelist")
	ErrFull    = fmt.Errorf("the whitelist has %d entries already", MaxEntries)
)

// Allow adds an entry, or replaces the one of the same key. It is in the state
// when Allow returns.
func (l *Lobby) Allow(ctx context.Context, e Entry) error {
	p, err := e.Check()
	if err != nil {
		return err
	}
	if err := l.allow(ctx, &listed{Entry: e, pattern: p}); err != nil {
		return err
	}
	l.count()
	return nil
}

func (l *Lobby) allow(ctx context.Context, e *listed) error {
	l.change.Lock()
	defer l.change.Unlock()
	switch old := l.whitelist.find(e.Key()); {
	case old != nil && old.fixed:
		return ErrFixed
	case old == nil && len(l.whitelist.entries) >= MaxEntries: // only changes change its length
		return ErrFull
	}
	e.At = l.after(e.Key())
	if err := l.apply(ctx, Change{PutEntry: &e.Entry}); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.whitelist.put(e)
	delete(l.undeleted, e.Key())
	delete(l.removed, e.Key())
	return nil
}

// Remove takes an entry off the whitelist, and reports whether it is off. If the
// state cannot be written it is off all the same, and the error says that a restart
// would bring it back; removing it again tries again.
func (l *Lobby) Remove(ctx context.Context, key EntryKey) (off bool, err error) {
	if off, err = l.remove(ctx, key); off {
		l.count()
	}
	return off, err
}

func (l *Lobby) remove(ctx context.Context, key EntryKey) (off bool, err error) {
	l.change.Lock()
	defer l.change.Unlock()
	switch old := l.whitelist.find(key); {
	case old == nil && !l.undeleted[key]:
		return false, ErrUnknown
	case old != nil && old.fixed:
		return false, ErrFixed
	}
	at := l.after(key)
	l.write(func() { l.whitelist.take(listedKey{key, false}) })
	if l.o.Shared {
		l.removed[key] = Entry{JID: key.JID, Room: key.Room, At: at, Gone: true}
	}
	if err := l.apply(ctx, l.removal(key)); err != nil {
		l.undeleted[key] = true
		return true, fmt.Errorf("it is off the whitelist, and a restart would bring it back: %w", err)
	}
	delete(l.undeleted, key)
	return true, nil
}

// removal is what the state is told of an entry that is not on the whitelist any more.
func (l *Lobby) removal(key EntryKey) Change {
	if e, remembered := l.removed[key]; remembered {
		return Change{PutEntry: &e}
	}
	return Change{DeleteEntry: &key}
}

// Decide admits or denies an account that waits in that room, or about which it was
// decided there before; others are [ErrNotWaiting]. The verdict is in the state
// when Decide returns. News says that it is another one than before.
func (l *Lobby) Decide(ctx context.Context, v Verdict) (news bool, err error) {
	v.At = l.o.Now()
	l.change.Lock()
	defer l.change.Unlock()
	if !l.Knocked(v.Room, v.JID) {
		return false, ErrNotWaiting
	}
	return l.decideLocked(ctx, v)
}

// DecideKnock is [Lobby.Decide] about one wait, by its ID: v names no account, and what is returned does. A wait that
// is over, as somebody decided meanwhile or the account came in, is [ErrKnockOver].
func (l *Lobby) DecideKnock(ctx context.Context, id string, v Verdict) (decided Verdict, news bool, err error) {
	v.At = l.o.Now()
	l.change.Lock()
	defer l.change.Unlock()
	k, waits := l.knocks.find(v.Room, id)
	if !waits {
		return v, false, ErrKnockOver
	}
	v.JID = k.JID
	news, err = l.decideLocked(ctx, v)
	return v, news, err
}

// decideLocked wants l.change: of two that decide about one wait the second finds it over.
func (l *Lobby) decideLocked(ctx context.Context, v Verdict) (news bool, err error) {
	if !v.plausible() {
		return false, ErrNotWaiting
	}
	if news, err = l.putVerdict(ctx, v); err != nil {
		return false, err
	}
	l.knocks.remove(v.Room, v.JID)
	l.count()
	return news, nil
}

func (l *Lobby) putVerdict(ctx context.Context, v Verdict) (news bool, err error) {
	gone, ok := l.verdicts.outdone(v) // only changes write it
	if !ok {
		return false, ErrTooMany
	}
	changes := []Change{{PutVerdict: &v}}
	for _, key := range gone {
		changes = append(changes, Change{DeleteVerdict: &key})
	}
	if err := l.apply(ctx, changes...); err != nil {
		return false, err
	}
	before, there := l.verdicts.get(v.key())
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range gone {
		l.verdicts.drop(key)
	}
	l.verdicts.put(v)
	return !there || before.Admitted != v.Admitted || l.knocks.has(v.Room, v.JID), nil
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
	entries := l.whitelist.entries
	l.mu.RUnlock()
	list := []Listed{}
	for _, e := range guard.Values(&l.mu, entries) {
		if !e.ended(now) {
			list = append(list, Listed{e.Entry, e.fixed})
		}
	}
	slices.SortFunc(list, func(a, b Listed) int { return strings.Compare(a.String(), b.String()) })
	return list
}
