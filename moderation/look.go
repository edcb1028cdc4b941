package moderation

import (
	"context"
	"errors"
	"time"
)

// look does one pass over a room and says when the next is due.
func (k *Keeper) look(ctx context.Context, room string, t *task) {
	ctx, cancel := context.WithTimeout(ctx, passWithin)
	defer cancel()
	k.mu.Lock()
	p := &pass{Keeper: k, room: room, all: t.all > 0, jids: map[string]bool{}}
	before := t.tries
	t.tries = map[string]int{} // of those who join, or get another token, meanwhile
	for jid := range before {
		p.jids[jid] = true
	}
	k.mu.Unlock()
	began := time.Now()
	open, err := p.run(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := time.Now()
	t.running, t.rest = false, now.Add(min(restFactor*now.Sub(began), maxRest))
	k.settle(t, before, func(jid string, n int) (int, bool) {
		if err != nil {
			return n, !errors.Is(err, ErrNoRoom)
		}
		return n + 1, open[jid] && n+1 < len(retries())
	})
	switch {
	case errors.Is(err, ErrNoRoom):
		t.all = 0
	case err != nil:
		t.sooner(now.Add(afterTrouble))
		return
	}
	for _, n := range t.tries {
		t.sooner(now.Add(retries()[n]))
	}
	if err == nil && p.all && t.all > 0 {
		if t.all--; t.all > 0 {
			t.sooner(now.Add(resyncs()[len(resyncs())-t.all]))
		}
	}
	if err == nil && p.strict {
		t.strict++
		wait := strictEvery
		if t.strict < len(retries()) {
			wait = retries()[t.strict]
		}
		t.sooner(now.Add(wait))
	}
}

// settle wants the lock. Of the accounts that were looked at it keeps those
// that have to be looked at again, with how often they were; those that came in
// again meanwhile begin anew.
func (k *Keeper) settle(t *task, looked map[string]int, again func(jid string, n int) (int, bool)) {
	for jid, n := range looked {
		_, back := t.tries[jid]
		n, keep := again(jid, n)
		if back || !keep {
			k.waiting--
			continue
		}
		t.tries[jid] = n
	}
}
