package lobby

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"usher/internal/guard"
	"usher/internal/logattr"
	"usher/metrics"
)

// MaxEntries is the most that the whitelist of the configuration may have, and
// the whole one for an entry to be added at run time.
const MaxEntries = 10_000

const (
	sweepEvery  = time.Minute
	writeWithin = 2 * time.Second
)

// Options are the collaborators of a [Lobby]. A nil Log or Metrics is a no-op;
// a nil Now is time.Now.
type Options struct {
	Log     *slog.Logger
	Metrics *metrics.Metrics
	Now     func() time.Time
	Shared  bool // other ushers know the lists, too: what is removed is remembered for [TombstoneLasts]

	// Knocked is told of accounts that begin to wait, or wait no more, so that other ushers of the same Prosody can be
	// told; nil: nobody. It must not wait.
	Knocked func(Waiting)
}

// A Lobby is the whitelist, the accounts that knock, and what was decided about
// them: in memory for every question, and what was decided in a [Store] too.
// It is safe for concurrent use.
type Lobby struct {
	store Store
	o     Options

	knocks knocks

	change    sync.Mutex // held while the lists and the state are changed, so that both say the same
	undeleted map[EntryKey]bool
	removed   map[EntryKey]Entry // what other ushers may have still

	mu        guard.RWMutex // of what questions read; written only with change held as well
	whitelist whitelist
	verdicts  verdicts
}

// New returns a lobby without what the store kept: [Lobby.Load] brings that. The store stays
// the caller's to close.
func New(store Store, o Options) *Lobby {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Lobby{store: store, o: o, undeleted: map[EntryKey]bool{}, removed: map[EntryKey]Entry{},
		whitelist: newWhitelist()}
}

// Load takes over what the store kept. It is called once, and before anything is asked or
// changed but the whitelist of the configuration.
func (l *Lobby) Load(ctx context.Context) error {
	state, err := l.store.LoadLobby(ctx)
	if err != nil {
		return fmt.Errorf("loading the lobby: %w", err)
	}
	l.change.Lock()
	defer l.change.Unlock()
	for _, e := range state.Entries {
		p, err := e.Check()
		if err != nil {
			l.o.Log.Warn("an entry of the whitelist is left out", "entry", e.String(), logattr.Err(err))
			continue
		}
		if e.Gone {
			l.loadRemoved(e)
			continue
		}
		l.write(func() { l.whitelist.put(&listed{Entry: e, pattern: p}) })
	}
	l.loadVerdicts(ctx, state.Verdicts)
	l.count()
	return nil
}

// loadRemoved remembers a removal, or has the next sweep forget it.
func (l *Lobby) loadRemoved(e Entry) {
	if l.o.Shared {
		l.removed[e.Key()] = e
	} else {
		l.undeleted[e.Key()] = true
	}
}

// loadVerdicts takes over what was decided, the newest first, as far as the bounds
// allow. What no account and no room can be called is dropped from the state, too.
func (l *Lobby) loadVerdicts(ctx context.Context, kept []Verdict) {
	slices.SortFunc(kept, func(a, b Verdict) int { return b.At.Compare(a.At) })
	var changes []Change
	for _, v := range kept {
		if gone, ok := l.verdicts.outdone(v); v.plausible() && ok && len(gone) == 0 {
			l.write(func() { l.verdicts.put(v) })
			continue
		}
		key := v.key()
		changes = append(changes, Change{DeleteVerdict: &key})
	}
	if len(changes) > 0 {
		_ = l.apply(ctx, changes...) // logged; the next start drops them again
	}
}

// Knock counts an account that waits, and says what moderators are to be told.
func (l *Lobby) Knock(room, jid, name string, started bool) Notice {
	defer l.count()
	known, now := l.knocks.has(room, jid), l.o.Now()
	notice := l.knocks.add(room, jid, name, started, now, now)
	if l.o.Knocked != nil && (!known || notice != TellNothing) {
		l.o.Knocked(Waiting{Room: room, JID: jid, Name: name, Started: started, Waits: true,
			Since: l.knocks.since(room, jid)})
	}
	return notice
}

// CameIn forgets the knock of an account that waits no longer.
func (l *Lobby) CameIn(room, jid string) {
	if l.knocks.remove(room, jid) {
		l.count()
		if l.o.Knocked != nil {
			l.o.Knocked(Waiting{Room: room, JID: jid})
		}
	}
}

// Knocks returns the accounts that wait, in a room or, for "", anywhere.
func (l *Lobby) Knocks(room string) []Knock { return l.knocks.list(room) }

// KnocksPart returns at most so many of all accounts that wait, in the order of Knocks, without the first ones, and how
// many there are.
func (l *Lobby) KnocksPart(from, most int) (list []Knock, all int) { return l.knocks.part(from, most) }

// KnocksVersion is another number after each change of who waits.
func (l *Lobby) KnocksVersion() uint64 { return l.knocks.version() }

// Knocked reports whether an account, by its bare JID, waits in a room, or was
// decided about there: no other can be admitted or denied.
func (l *Lobby) Knocked(room, jid string) bool {
	if l.knocks.has(room, jid) {
		return true
	}
	now := l.o.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	v, there := l.verdicts.get(VerdictKey{room, jid})
	return there && !v.ended(now)
}

// KnockedRooms returns the rooms where an account waits.
func (l *Lobby) KnockedRooms() []string { return l.knocks.roomNames() }

// Standing looks an account up, by its bare JID and by the users that its tokens name, in one
// letter case. What was decided about its knock comes before the whitelist.
func (l *Lobby) Standing(room Room, jid string, users ...string) Standing {
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
	case slices.ContainsFunc(l.whitelist.byJID[jid], good),
		slices.ContainsFunc(users, func(u string) bool { return slices.ContainsFunc(l.whitelist.byJID[User(u)], good) }):
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
	decided, admitted := l.verdicts.decided(room.JID, now)
	entries := l.whitelist.entries
	l.mu.RUnlock()
	var whitelisted []string
	for _, e := range guard.Values(&l.mu, entries) { // patterns are matched without the lock
		if !e.IsDomain() && !e.IsUser() && !e.ended(now) && !decided[e.JID] && e.pattern.Match(room) {
			decided[e.JID] = true
			whitelisted = append(whitelisted, e.JID)
		}
	}
	slices.Sort(admitted)
	slices.Sort(whitelisted)
	list := append(admitted, whitelisted...)
	return list[:min(len(list), most)]
}

// Run ends what has expired until ctx ends. Changed is told whom the lists say
// something else of, as [Lobby.Sweep] returns it.
func (l *Lobby) Run(ctx context.Context, changed func(jids []string)) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if jids := l.Sweep(ctx); len(jids) > 0 {
				changed(jids)
			}
		}
	}
}

// Sweep forgets what has expired. It returns the JIDs and domains of what it takes
// off the lists.
func (l *Lobby) Sweep(ctx context.Context) (changed []string) {
	l.knocks.expire(l.o.Now())
	changed = l.sweep(ctx)
	l.count()
	return changed
}

// sweep looks for what has expired without the lock of those that read: with
// l.change held nothing else changes the lists.
func (l *Lobby) sweep(ctx context.Context) (gone []string) {
	l.change.Lock()
	defer l.change.Unlock()
	now := l.o.Now()
	var changes []Change
	for key, e := range l.whitelist.entries {
		if e.ended(now) {
			l.write(func() { l.whitelist.take(key) })
			gone = append(gone, key.JID)
			if !e.fixed {
				l.undeleted[key.EntryKey] = true
			}
		}
	}
	for _, key := range l.verdicts.ended(now) {
		l.write(func() { l.verdicts.drop(key) })
		gone = append(gone, key.JID)
		changes = append(changes, Change{DeleteVerdict: &key}) // if it fails the next start forgets it again
	}
	for key, e := range l.removed {
		if e.Forgotten(now) {
			delete(l.removed, key)
			l.undeleted[key] = true
		}
	}
	for key := range l.undeleted {
		changes = append(changes, l.removal(key))
	}
	if len(changes) > 0 && l.apply(ctx, changes...) == nil {
		clear(l.undeleted)
	}
	return gone
}

// write calls do with the lock of those that read held.
func (l *Lobby) write(do func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
}

func (l *Lobby) count() {
	l.mu.RLock()
	n := len(l.whitelist.entries)
	l.mu.RUnlock()
	l.o.Metrics.Lobby(l.knocks.count(), n)
}

func (l *Lobby) apply(ctx context.Context, changes ...Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
	defer cancel()
	return l.wrote(ctx, l.store.ApplyLobby(ctx, changes...))
}

// wrote counts and logs that the state could not be written.
func (l *Lobby) wrote(ctx context.Context, err error) error {
	if err != nil {
		l.o.Metrics.StateError(metrics.StateLobby)
		l.o.Log.LogAttrs(ctx, slog.LevelError, "the state cannot be written",
			slog.String("operation", metrics.StateLobby.String()), logattr.Err(err))
		return fmt.Errorf("the state cannot be written: %w", err)
	}
	return nil
}

// cut shortens a nickname, which is whatever a client chose.
func cut(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if len(name) <= maxNameLength {
		return name
	}
	return strings.ToValidUTF8(name[:maxNameLength], "") + "…"
}
