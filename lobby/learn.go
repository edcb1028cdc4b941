package lobby

import (
	"context"
	"iter"
	"slices"
	"time"
)

// maxLearned bounds the whitelist with what other ushers have added to it at the same moment: each of them keeps to
// [MaxEntries] itself. Removals that are remembered have a bound of their own.
const (
	maxLearned = 2 * MaxEntries
	maxRemoved = 2 * MaxEntries
)

// Learned is what [Lobby.Learn] has made of what another usher knows.
type Learned struct {
	Entries  []Entry // what is known now of each
	Verdicts []Verdict

	// Changed are JIDs and domains of which the lists say something else now, as of [Lobby.Sweep].
	Changed []string
}

// Learn merges what other ushers know with what is known here, whatever the order and however often it is said. It is
// in the state when Learn returns. What cannot be an entry or a verdict is left out, and is in the answer as it came.
func (l *Lobby) Learn(ctx context.Context, entries []Entry, verdicts []Verdict) (Learned, error) {
	l.change.Lock()
	defer l.change.Unlock()
	news := learning{l, l.o.Now(), map[EntryKey]Entry{}, map[VerdictKey]Verdict{}}
	var got Learned
	for _, e := range entries {
		news.entry(e)
	}
	for _, v := range verdicts {
		news.verdict(v)
	}
	changes := news.changes()
	if len(changes) > 0 {
		if err := l.learn(ctx, changes); err != nil {
			return Learned{}, err
		}
	}
	for i := range changes {
		got.Changed = append(got.Changed, l.takeOver(&changes[i]))
	}
	for _, e := range entries {
		got.Entries = append(got.Entries, known(e, e.Key(), l.knownEntry))
	}
	for _, v := range verdicts {
		got.Verdicts = append(got.Verdicts, known(v, v.key(), l.verdicts.get))
	}
	return got, nil
}

// known is what is known of a key now, or what was said of it.
func known[K, V any](said V, key K, get func(K) (V, bool)) V {
	if v, there := get(key); there {
		return v
	}
	return said
}

// A learning is what is news in what other ushers say. It wants l.change.
type learning struct {
	l        *Lobby
	now      time.Time
	entries  map[EntryKey]Entry
	verdicts map[VerdictKey]Verdict
}

func (n *learning) entry(said Entry) {
	key := said.Key()
	if _, err := said.Check(); err != nil || said.Forgotten(n.now) {
		return
	}
	was, there := n.entries[key]
	if !there {
		was, there = n.l.knownEntry(key)
	}
	switch {
	case there:
		if merged := MergeEntries(was, said); merged != was {
			n.entries[key] = merged
		}
	case said.Gone && len(n.l.removed)+len(n.entries) >= maxRemoved, !said.Gone && said.ended(n.now),
		!said.Gone && len(n.l.whitelist.entries)+len(n.entries) >= maxLearned:
	default:
		n.entries[key] = said
	}
}

func (n *learning) verdict(said Verdict) {
	key := said.key()
	if !said.plausible() || said.ended(n.now) {
		return
	}
	was, there := n.verdicts[key]
	if !there {
		was, there = n.l.verdicts.get(key)
	}
	if there {
		if merged := MergeVerdicts(was, said); merged != was {
			n.verdicts[key] = merged
		}
		return
	}
	// What another usher says pushes out nothing.
	if gone, ok := n.l.verdicts.outdone(said); ok && len(gone) == 0 && n.l.verdicts.n+len(n.verdicts) < maxVerdicts {
		n.verdicts[key] = said
	}
}

func (n *learning) changes() []Change {
	list := make([]Change, 0, len(n.entries)+len(n.verdicts))
	for _, e := range n.entries {
		list = append(list, Change{PutEntry: &e})
	}
	for _, v := range n.verdicts {
		list = append(list, Change{PutVerdict: &v})
	}
	return list
}

// knownEntry is the operators' entry of a key, or its removal. It wants l.change.
func (l *Lobby) knownEntry(key EntryKey) (Entry, bool) {
	if e := l.whitelist.entries[listedKey{key, false}]; e != nil {
		return e.Entry, true
	}
	e, removed := l.removed[key]
	return e, removed
}

// learn writes what was learned, which is none of this usher's own changes.
func (l *Lobby) learn(ctx context.Context, changes []Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	return l.wrote(ctx, l.store.LearnLobby(ctx, changes...))
}

// takeOver puts in force what was learned, and returns the JID that it is about. It wants l.change.
func (l *Lobby) takeOver(c *Change) (jid string) {
	if v := c.PutVerdict; v != nil {
		l.write(func() { l.verdicts.put(*v) })
		l.knocks.remove(v.Room, v.JID)
		return v.JID
	}
	e := *c.PutEntry
	if p, err := e.Check(); err == nil && !e.Gone {
		delete(l.removed, e.Key())
		l.write(func() { l.whitelist.put(&listed{Entry: e, pattern: p}) })
		return e.JID
	}
	l.write(func() { l.whitelist.take(listedKey{e.Key(), false}) })
	l.removed[e.Key()] = e
	return e.JID
}

// Known yields what other ushers are to know: the operators' entries, the removals that are remembered, and the
// verdicts.
func (l *Lobby) Known() (entries iter.Seq[Entry], verdicts iter.Seq[Verdict]) {
	var lines []Entry
	var decided []Verdict
	now := l.o.Now()
	l.change.Lock()
	defer l.change.Unlock()
	for key, e := range l.whitelist.entries {
		if !key.fixed && !e.ended(now) {
			lines = append(lines, e.Entry)
		}
	}
	for _, e := range l.removed {
		if !e.Forgotten(now) {
			lines = append(lines, e)
		}
	}
	for _, r := range l.verdicts.rooms {
		for _, v := range r.byJID {
			if !v.ended(now) {
				decided = append(decided, v)
			}
		}
	}
	return slices.Values(lines), slices.Values(decided)
}

// after is a moment that is later than what is known of a key, also if the clock was set back: what is done now
// outdoes it at every usher.
func (l *Lobby) after(key EntryKey) time.Time {
	now := l.o.Now()
	if known, there := l.knownEntry(key); there && !now.After(known.At) {
		return known.At.Add(1)
	}
	return now
}

// Waiting says that an account waits in a room, or waits no more, as one usher tells others of it.
type Waiting struct {
	Room    string `json:"room"` // bare JID
	JID     string `json:"jid"`  // bare JID
	Name    string `json:"name,omitempty"`
	Started bool   `json:"started,omitempty"`
	Waits   bool   `json:"waits,omitempty"`

	Since time.Time `json:"since,omitzero"` // its first try; an earlier usher does not tell it
}

// sinceAhead is how far the clock of another usher may be ahead.
const sinceAhead = time.Minute

// HearKnock takes over what another usher of the same Prosody says of an account that knocked there: moderators are
// told by that one.
func (l *Lobby) HearKnock(w Waiting) {
	switch v := (Verdict{Room: w.Room, JID: w.JID}); {
	case !v.plausible():
	case w.Waits:
		now, since := l.o.Now(), w.Since
		if since.IsZero() || since.After(now.Add(sinceAhead)) {
			since = now
		}
		l.knocks.add(w.Room, w.JID, w.Name, w.Started, since, now)
	default:
		l.knocks.remove(w.Room, w.JID)
	}
	l.count()
}
