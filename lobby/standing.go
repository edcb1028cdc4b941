package lobby

import (
	"context"
	"slices"
	"strings"
)

// A Standing is what the lists say of an account at a room.
type Standing int

// The standings, from the weakest.
const (
	Unlisted Standing = iota
	Denied
	ListedDomain // every account of its domain passes
	ListedJID    // it passes
	Admitted     // it knocked, and was let in
)

// Passes reports whether the standing opens the door.
func (s Standing) Passes() bool { return s >= ListedDomain }

// Standing looks an account up, by its bare JID. What was decided about its knock
// comes before the whitelist.
func (l *Lobby) Standing(room Room, jid string) Standing {
	now := l.o.Now()
	_, domain, _ := strings.Cut(jid, "@")
	l.mu.RLock()
	defer l.mu.RUnlock()
	if v, there := l.verdicts.get(VerdictKey{room.JID, jid}); there && !v.ended(now) {
		if v.Admitted {
			return Admitted
		}
		return Denied
	}
	good := func(e *listed) bool { return !e.ended(now) && e.pattern.Match(room) }
	switch {
	case slices.ContainsFunc(l.whitelist.byJID[jid], good):
		return ListedJID
	case slices.ContainsFunc(l.whitelist.byJID[domain], good):
		return ListedDomain
	}
	return Unlisted
}

// Members returns the accounts that have to be members of a room for the lists'
// sake: those that were admitted, and then the whitelisted JIDs that were not
// denied; not more than most. Domains cannot be members.
func (l *Lobby) Members(room Room, most int) []string {
	now := l.o.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	var admitted, whitelisted []string
	decided := map[string]bool{}
	for jid, v := range l.verdicts.of(room.JID) {
		if v.ended(now) {
			continue
		}
		decided[jid] = true
		if v.Admitted {
			admitted = append(admitted, jid)
		}
	}
	for _, e := range l.whitelist.entries {
		if !e.IsDomain() && !e.ended(now) && !decided[e.JID] && e.pattern.Match(room) {
			decided[e.JID] = true
			whitelisted = append(whitelisted, e.JID)
		}
	}
	slices.Sort(admitted)
	slices.Sort(whitelisted)
	list := append(admitted, whitelisted...)
	return list[:min(len(list), most)]
}

// Decide admits or denies an account that waits in that room, or about which it was
// decided there before; others are [ErrNotWaiting]. The verdict is in the state
// when Decide returns. News says that it is another one than before.
func (l *Lobby) Decide(ctx context.Context, v Verdict) (news bool, err error) {
	v.At = l.o.Now()
	if news, err = l.decide(ctx, v); err != nil {
		return false, err
	}
	l.knocks.remove(v.Room, v.JID)
	l.count()
	return news, nil
}

func (l *Lobby) decide(ctx context.Context, v Verdict) (news bool, err error) {
	l.change.Lock()
	defer l.change.Unlock()
	if !l.Knocked(v.Room, v.JID) || !v.plausible() {
		return false, ErrNotWaiting
	}
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
