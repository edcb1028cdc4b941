package recent

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// maxFollowers bounds who follows at the same time: commands, and the console, which follows once for all of its pages.
const maxFollowers = 5

// ErrTooManyFollowers says that there are as many as may follow.
var ErrTooManyFollowers = errors.New("5 follow the decisions already; end one of them first")

// List returns the decisions that are wanted, the oldest first.
func (d *Decisions) List(f Filter) []Decision {
	d.mu.Lock()
	all := d.afterLocked(0)
	d.mu.Unlock()
	list := wanted(all, f)
	if f.Last > 0 && len(list) > f.Last {
		list = list[len(list)-f.Last:]
	}
	return list
}

func wanted(all []*entry, f Filter) []Decision {
	list := []Decision{}
	for _, e := range all {
		if one := e.decision(); f.wants(&one) {
			list = append(list, one)
		}
	}
	return list
}

// afterLocked returns what is kept of the decisions after a number, the oldest first.
func (d *Decisions) afterLocked(number uint64) []*entry {
	all := make([]*entry, 0, min(uint64(d.n), d.last-number))
	for _, p := range d.piles {
		for i := len(p.entries) - 1; i >= 0 && p.entries[i].number > number; i-- {
			all = append(all, p.entries[i])
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.number, b.number) })
	return all
}

// Follow hands the decisions that are wanted to take: at once what is kept, if that is none, too, and then the new ones
// as they come, until ctx ends, which is no error, or take fails. A refusal comes with its explanation, so a moment
// later than it was decided. What a follower is too slow for is told as a number (Missed).
func (d *Decisions) Follow(ctx context.Context, f Filter, take func([]Decision) error) error {
	if !d.join() {
		return ErrTooManyFollowers
	}
	defer d.leave()
	for seen, first := uint64(0), true; ; first = false {
		part := d.next(seen)
		list := wanted(part.entries, f)
		switch {
		case first && f.Last > 0 && len(list) > f.Last:
			list = list[len(list)-f.Last:]
		case !first && part.missed > 0:
			list = slices.Insert(list, 0, Decision{Missed: part.missed})
		}
		if first || len(list) > 0 {
			if err := take(list); err != nil {
				return err
			}
		}
		seen = part.last
		select {
		case <-ctx.Done():
			return nil
		case <-part.changed:
		}
	}
}

func (d *Decisions) join() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.followers >= maxFollowers {
		return false
	}
	d.followers++
	return true
}

func (d *Decisions) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.followers--
}

// A part is what a follower has not seen, up to the first decision whose explanation is still to come.
type part struct {
	entries []*entry
	last    uint64 // the number up to which it goes
	missed  int    // of these, what is not kept any more
	changed <-chan struct{}
}

func (d *Decisions) next(seen uint64) part {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := part{entries: d.afterLocked(seen), last: d.last, changed: d.changed}
	if i := slices.IndexFunc(p.entries, func(e *entry) bool { return e.pending }); i >= 0 {
		p.last = p.entries[i].number - 1
		p.entries = p.entries[:i]
	}
	p.missed = int(p.last-seen) - len(p.entries)
	return p
}
