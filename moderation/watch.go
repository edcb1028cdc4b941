package moderation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"usher/metrics"
	"usher/moderation/unasked"
)

const (
	watchEvery   = 30 * time.Second
	watchFactor  = 200 // how much longer than a round the rest after it is, at the least
	watchLooks   = 50  // rooms of one component that a round looks at
	watchWithin  = 10 * time.Second
	watchBetween = 5 * time.Millisecond // two looks
)

// watch looks who is in rooms of which nobody told usher, until ctx ends: where
// Prosody does not ask about joins nothing else would show it.
func (k *Keeper) watch(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	next := 0 // of the rooms that were looked at before
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.watchNow:
		case <-wait.C:
		}
		began := time.Now()
		if connection := k.rooms.Connection(); connection != 0 {
			k.beginAnew(connection)
			for _, muc := range k.sessions.policy.Load().mucs() {
				next += k.round(ctx, muc, next)
			}
		}
		k.sessions.countMissing()
		wait.Reset(max(watchEvery, watchFactor*time.Since(began)))
	}
}

// beginAnew forgets what was seen anew on another connection.
func (k *Keeper) beginAnew(connection uint64) {
	k.mu.Lock()
	anew := k.watched != connection
	k.watched = connection
	k.mu.Unlock()
	if anew {
		k.unasked.Connected(connection)
	}
}

// round lists the rooms of a component, and looks at some.
func (k *Keeper) round(ctx context.Context, muc string, next int) (looked int) {
	ctx, cancel := context.WithTimeout(ctx, watchWithin)
	defer cancel()
	s := k.sessions
	// A list of all rooms makes Prosody read those that it keeps: it is asked for at
	// first, and where people log in and Prosody asks about no join.
	all := k.unasked.Unlisted(muc) || k.unasked.Silent(muc) && s.anySession()
	rooms, isAll, err := k.rooms.ListRooms(ctx, muc, all)
	if err != nil {
		return 0 // the component says so itself, or the next round is better
	}
	look := k.unasked.Listed(muc, rooms, isAll)
	for i := range min(len(look), watchLooks) {
		room := look[i]
		if len(look) > watchLooks && i >= watchLooks/2 { // the last half goes round
			room = look[watchLooks/2+(next+i)%(len(look)-watchLooks/2)]
		}
		occupants, err := k.rooms.Occupants(ctx, room)
		switch {
		case errors.Is(err, ErrNoRoom):
			k.unasked.Gone(muc, room)
		case err != nil:
			return looked
		default:
			s.saw(ctx, muc, room, occupants)
		}
		looked++
		if !rest(ctx, watchBetween) {
			return looked
		}
	}
	return looked
}

func (s *Sessions) anySession() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.grants) > 0
}

func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// saw compares who is in a room with whom Prosody asked about. Only those count who
// log in at this host, or at its guests': others are Prosody's own affair.
func (s *Sessions) saw(ctx context.Context, muc, room string, occupants []Occupant) {
	h := s.policy.Load().byRoom[muc]
	if h == nil || h.breakout[muc] {
		return
	}
	var present []string
	for _, o := range occupants {
		_, domain, _ := strings.Cut(o.JID, "@")
		if (domain == h.Host || h.guests[domain]) && !h.service[o.JID] {
			present = append(present, o.JID)
		}
	}
	if s.unasked.Saw(muc, room, present) {
		s.tellMissing(ctx, muc)
	}
}

// mucs returns the MUC components of all hosts.
func (p *Policy) mucs() []string {
	var list []string
	for _, h := range p.hosts {
		list = append(list, h.MUC...)
	}
	slices.Sort(list)
	return list
}

// Unasked says of each MUC component of a host whether Prosody asks usher about
// its rooms, as far as that was seen.
func (s *Sessions) Unasked(host string) []unasked.Report {
	var list []unasked.Report
	if h := s.policy.Load().hosts[host]; h != nil {
		for _, muc := range h.MUC {
			list = append(list, s.unasked.Report(muc))
		}
	}
	return list
}

// Missing says, for an operator, which modules of Prosody do not ask usher, and how
// that is mended; nothing if none was found.
func (s *Sessions) Missing() []string {
	var list []string
	for _, muc := range s.policy.Load().mucs() {
		list = append(list, missing(s.unasked.Report(muc), false)...)
	}
	return list
}

// countMissing tells the metrics what was found.
func (s *Sessions) countMissing() {
	joins, begins, occupants := false, false, 0
	for _, muc := range s.policy.Load().mucs() {
		r := s.unasked.Report(muc)
		joins = joins || r.Joins == unasked.Missing
		begins = begins || r.Begins == unasked.Missing
		occupants += r.Unasked
	}
	s.metrics.Unasked(joins, begins, occupants)
}

// missing names people only where that is asked for: /readyz does not.
func missing(r unasked.Report, names bool) (list []string) {
	mend := func(module string) string {
		return fmt.Sprintf("put %q into modules_enabled of Component %q \"muc\" in Prosody's configuration and restart Prosody; "+
			"usher prosody prints the lines, prosodyctl install gets the module (mod_%s)", module, r.MUC, module)
	}
	example := func(account, room string) string {
		if !names {
			return ""
		}
		return fmt.Sprintf(", such as %s in %s", account, room)
	}
	if r.Joins == unasked.Missing {
		list = append(list, fmt.Sprintf("Prosody does not ask usher who may join rooms of %s: since %s people came in about whom it did not ask%s, %d are in rooms now; %s",
			r.MUC, r.JoinsSince.Format(time.RFC3339), example(r.JoinsAccount, r.JoinsRoom), r.Unasked, mend(metrics.ModuleJoins.String())))
	}
	if r.Begins == unasked.Missing {
		list = append(list, fmt.Sprintf("Prosody does not ask usher what new rooms of %s begin with, so that whoever comes first is their owner: seen since %s%s; %s",
			r.MUC, r.BeginsSince.Format(time.RFC3339), example(r.BeginsAccount, r.BeginsRoom), mend(metrics.ModuleBegins.String())))
	}
	return list
}

// tellMissing writes the line; once for each time that it is found.
func (s *Sessions) tellMissing(ctx context.Context, muc string) {
	s.countMissing()
	for _, line := range missing(s.unasked.Report(muc), true) {
		s.log.LogAttrs(ctx, slog.LevelError, "joins are not under usher's control", slog.String("problem", line))
	}
}
