package lobby

import (
	"context"
	"slices"
	"strings"
)

// A Standing is what the lists say of somebody at a room.
type Standing int

// The standings, from the weakest.
const (
	Unlisted Standing = iota
	Denied
	ListedDomain // everybody of his domain passes
	ListedJID    // he passes
	Admitted     // he knocked, and was let in
)

// Passes reports whether the standing opens the door.
func (s Standing) Passes() bool { return s >= ListedDomain }

// Standing looks somebody up, by his bare JID. What was decided about his knock
// comes before the whitelist.
func (l *Lobby) Standing(room Room, jid string) Standing {
	now := l.o.Now()
	_, domain, _ := strings.Cut(jid, "@")
	l.mu.RLock()
	defer l.mu.RUnlock()
	if v, there := l.verdicts[VerdictKey{room.JID, jid}]; there && !v.ended(now) {
		if v.Admitted {
			return Admitted
		}
		return Denied
	}
	good := func(e *listed) bool { return !e.ended(now) && e.pattern.Match(room) }
	switch {
	case slices.ContainsFunc(l.byJID[jid], good):
		return ListedJID
	case slices.ContainsFunc(l.byJID[domain], good):
		return ListedDomain
	}
	return Unlisted
}

// Members returns who has to be a member of a room for the lists' sake: those
// who were admitted, and then the whitelisted JIDs that were not denied; not
// more than most. Domains cannot be members.
func (l *Lobby) Members(room Room, most int) []string {
	now := l.o.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	var admitted, whitelisted []string
	decided := map[string]bool{}
	for key, v := range l.verdicts {
		if key.Room != room.JID || v.ended(now) {
			continue
		}
		decided[key.JID] = true
		if v.Admitted {
			admitted = append(admitted, key.JID)
		}
	}
	for _, e := range l.entries {
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

// Decide admits or denies somebody. He need not have knocked. The verdict is in
// the state when Decide returns.
func (l *Lobby) Decide(ctx context.Context, v Verdict) error {
	v.At = l.o.Now()
	if err := l.decide(ctx, v); err != nil {
		return err
	}
	l.knocks.remove(v.Room, v.JID)
	l.count()
	return nil
}

func (l *Lobby) decide(ctx context.Context, v Verdict) error {
	l.change.Lock()
	defer l.change.Unlock()
	changes := []Change{{PutVerdict: &v}}
	var old *VerdictKey
	if _, there := l.verdicts[v.key()]; !there && len(l.verdicts) >= maxVerdicts { // only changes write it
		old = l.oldVerdict()
		changes = append(changes, Change{DeleteVerdict: old})
	}
	if err := l.apply(ctx, changes...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if old != nil {
		delete(l.verdicts, *old)
	}
	l.verdicts[v.key()] = v
	return nil
}

// oldVerdict picks the oldest of a few.
func (l *Lobby) oldVerdict() *VerdictKey {
	var oldest *Verdict
	n := 0
	for _, v := range l.verdicts {
		if oldest == nil || v.At.Before(oldest.At) {
			oldest = &v
		}
		if n++; n == knockSampled {
			break
		}
	}
	key := oldest.key()
	return &key
}
