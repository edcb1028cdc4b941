package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestRevokeOutlastsWhatWaits: what waits to be written of a former revocation takes the place of no later one, nor does it
// bring back one that was lifted: a restart knows what was known last.
func TestRevokeOutlastsWhatWaits(t *testing.T) {
	for name, node := range map[string]string{"alone": "", "among several": "a"} {
		t.Run(name, func(t *testing.T) {
			w := newRevocationWorld(t)
			_ = w.store.Close()
			w.node = node
			w.open(t)
			later := func(print string) auth.Identity {
				w.clock = w.clock.Add(10 * time.Minute)
				return w.token("ann", print, time.Minute)
			}
			written := func() { // what waits is written when the sessions end
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if err := w.Run(ctx, func(sessions.Touched) {}); err != nil {
					t.Fatal(err)
				}
				w.restart(t)
			}
			w.login(t, w.token("ann", "1", time.Minute), nil)
			w.revoke(t, sessions.Target{User: "ann"}, true, nil)
			second := later("2")
			w.login(t, second, nil) // the former revocation forgets the account, which waits to be written
			w.revoke(t, sessions.Target{User: "ann"}, true, nil)
			written()
			w.login(t, second, auth.ErrRevoked)

			third := later("3")
			w.login(t, third, nil)
			if _, err := w.Revocations().Allow(t.Context(), sessions.Target{User: "ann"}); err != nil {
				t.Fatal(err)
			}
			written()
			w.login(t, second, nil)
		})
	}
}

// TestAllowLiftsNoOther: what is lifted is what is named, and not what is revoked beside it.
func TestAllowLiftsNoOther(t *testing.T) {
	w := newRevocationWorld(t)
	first, second := w.token("", "1", time.Minute), w.token("", "2", time.Minute)
	mine, others := w.token("ann", "3", time.Minute), w.token("ann", "4", time.Minute)
	others.Issuer = "another"
	for _, id := range []auth.Identity{first, second} {
		w.revoke(t, sessions.Target{Token: id.TokenPrint}, true, nil)
	}
	w.revoke(t, sessions.Target{User: "ann"}, true, nil)
	allow := func(target sessions.Target) {
		t.Helper()
		if _, err := w.Revocations().Allow(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	}
	allow(sessions.Target{Token: first.TokenPrint})
	w.login(t, first, nil)
	w.login(t, second, auth.ErrRevoked)
	allow(sessions.Target{User: "ann", Host: host, Issuer: mine.Issuer})
	w.login(t, mine, nil)
	w.login(t, others, auth.ErrRevoked)
	w.login(t, second, auth.ErrRevoked)
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{User: "ann", Host: "other.example"}); !errors.Is(err, sessions.ErrNotRevoked) {
		t.Errorf("of another host: %v", err)
	}
	allow(sessions.Target{User: "ann"})
	w.login(t, others, nil)
	w.login(t, second, auth.ErrRevoked)
}

// TestRevocationOutlastsBounds: a bound on tokens' lives that is lowered for a while, or set for the first time, lets
// in nobody who was revoked once it is as before; one that is raised, or dropped, holds them out for as long as their
// tokens are good by it, also after a restart and among several ushers.
func TestRevocationOutlastsBounds(t *testing.T) {
	const hour, day, none = time.Hour, 24 * time.Hour, time.Duration(0)
	for _, node := range []string{"", "a"} {
		for _, row := range []struct {
			before, meanwhile, after time.Duration // max_lifetime
			ends                     time.Duration // after which it is over
		}{
			{day, hour, day, day}, {hour, day, hour, day}, {hour, hour, hour, hour},
			{none, hour, none, none}, {hour, none, hour, none}, {none, hour, hour, none},
		} {
			for _, restart := range []bool{false, true} {
				w := newRevocationWorld(t)
				w.node, w.life = node, row.before
				w.restart(t)
				began := w.clock
				alice := w.token("alice", "t", time.Minute)
				w.revoke(t, sessions.Target{User: "alice", Issuer: "my-app"}, false, nil)
				change := func(life time.Duration) {
					if w.life = life; restart {
						w.restart(t)
					} else {
						w.SetPolicy(w.policy(t))
					}
					w.Sweep(t.Context())
				}
				w.clock = began.Add(hour / 2)
				change(row.meanwhile)
				w.clock = began.Add(hour + hour/2)
				w.Sweep(t.Context())
				change(row.after)
				ends := []time.Duration{row.ends - 1, row.ends + 2*auth.MaxLeeway}
				if row.ends == none {
					ends = []time.Duration{1000 * day}
				} else if row.ends == hour {
					ends[0] = hour + hour/2
				}
				for i, at := range ends {
					w.clock = began.Add(at)
					w.Sweep(t.Context())
					if left := w.Revoked(alice); left != (i == 0 && row.ends != hour) {
						t.Errorf("node %q, %+v, restart %v: revoked %v after %v", node, row, restart, left, at)
					}
				}
			}
		}
	}
}

// TestRevokedAtItsEnd: a revocation that is made anew just when the old one is found to be over, or to last for longer,
// stays as it was made.
func TestRevokedAtItsEnd(t *testing.T) {
	w := newRevocationWorld(t)
	w.life = time.Hour
	w.restart(t)
	target := sessions.Target{User: "alice", Issuer: "my-app"}
	w.revoke(t, target, false, nil)
	alice := w.token("alice", "t", time.Minute)
	again := func() {
		w.clock = w.clock.Add(time.Hour)
		alice = w.token("alice", "t", time.Minute)
		w.revoke(t, target, false, nil)
	}
	principal := auth.PersonPrincipal(host, "my-app", "alice")
	if w.DropAfter(principal, again) || !w.Revoked(alice) {
		t.Error("the new one was dropped with the old one")
	}
	if w.ExtendAfter(principal, again) || !w.Revoked(alice) {
		t.Error("the old one took the place of the new one")
	}
	if !w.ExtendAfter(principal, func() {}) || !w.DropAfter(principal, func() {}) || w.Revoked(alice) {
		t.Error("one that nobody has made anew is not dropped")
	}
}

// TestRevokedHaveToLeave: an account whose session was revoked has to leave its rooms, also after a restart, until that
// is lifted; and however many were revoked and allowed again before, there is a place for the next one.
func TestRevokedHaveToLeave(t *testing.T) {
	leaves := func(s *sessions.Sessions, account string) bool {
		g := s.Rooms().Assignment(moderation.AssignmentKey{Room: hall, JID: account + "@" + host})
		return g != nil && g.End == moderation.EndRevoked
	}
	w := newRevocationWorld(t)
	w.login(t, w.token("alice", "t", time.Minute), nil)
	w.revoke(t, sessions.Target{User: "alice"}, true, nil)
	for _, restarted := range []bool{false, true} {
		if !leaves(w.Sessions, "alice") || leaves(w.Sessions, "bob") {
			t.Errorf("restarted %v: alice may stay, or bob has to leave", restarted)
		}
		w.restart(t)
	}
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{User: "alice"}); err != nil {
		t.Fatal(err)
	}
	if leaves(w.Sessions, "alice") {
		t.Error("alice has to leave though it was lifted")
	}
	f := newSmallFixture(t, moderationtest.State{}, 1000) // 200 of them
	for i := range 300 {
		user := fmt.Sprint("user", i)
		f.Pass(time.Minute)
		if err := f.Record(t.Context(), f.Identity(user, "t of "+user, "*")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Revoke(t.Context(), sessions.Target{User: user}, true); err != nil || !leaves(f.Sessions, user) {
			t.Fatalf("%s does not have to leave: %v", user, err)
		}
		if _, err := f.Revocations().Allow(t.Context(), sessions.Target{User: user}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLiftedIsForgotten: among several ushers a lifting is known for 30 days, or until the revocation would be over,
// and not a start longer; and whose clock a revocation goes by a restart does not change.
func TestLiftedIsForgotten(t *testing.T) {
	for life, lasts := range map[time.Duration]time.Duration{
		0: 30 * 24 * time.Hour, time.Hour: time.Hour + 2*auth.MaxLeeway,
	} {
		w := newRevocationWorld(t)
		w.node, w.life = "a", life
		w.restart(t)
		began := w.clock
		target := sessions.Target{User: "alice", Issuer: "my-app"}
		w.revoke(t, target, false, nil)
		if _, err := w.Revocations().Allow(t.Context(), target); err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Duration{lasts - time.Second, lasts + time.Second} {
			w.clock = began.Add(at)
			w.Sweep(t.Context())
			for range 2 {
				if known := len(slices.Collect(w.Revocations().Known())); (known > 0) != (at < lasts) {
					t.Errorf("%d are known after %v, with max_lifetime %v", known, at, life)
				}
				w.restart(t)
			}
		}
		said := moderation.Revocation{Host: host, Issuer: "my-app", User: "bob", At: w.clock, Node: "b"}
		if _, _, err := w.Revocations().LearnRevocations(t.Context(), []moderation.Revocation{said}); err != nil {
			t.Fatal(err)
		}
		w.restart(t)
		for v := range w.Revocations().Known() {
			if v.Node != "b" {
				t.Errorf("it is of %q after a restart", v.Node)
			}
		}
	}
}

// An unreadable store has revocations that cannot be read.
type unreadable struct {
	*moderationtest.Recorder
	err error
}

func (u *unreadable) LoadRevocations(context.Context) ([]moderation.Revocation, error) {
	return nil, u.err
}

// TestUnreadableRevocations: there is no start without the revocations.
func TestUnreadableRevocations(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	store := &unreadable{f.Store, errors.New("a row cannot be read")}
	s, err := sessions.New(t.Context(), store, f.Sessions.Policy(), sessions.Options{Now: f.Now})
	if !errors.Is(err, store.err) || s != nil {
		t.Errorf("%v", err)
	}
}

// TestLongerBoundIsHeard: where one of two ushers has a longer bound on tokens' lives, both keep a revocation for as long
// as that wants, whoever made it, and say the same of it.
func TestLongerBoundIsHeard(t *testing.T) {
	for _, first := range []bool{true, false} { // the one that revokes has the longer bound
		ushers := [2]*revocationWorld{newRevocationWorld(t), newRevocationWorld(t)}
		for i, w := range ushers {
			w.node, w.life = string(rune('a'+i)), time.Hour
			w.restart(t)
		}
		began := ushers[0].clock
		alice := ushers[0].token("alice", "t", time.Minute)
		ushers[0].revoke(t, sessions.Target{User: "alice", Issuer: "my-app"}, false, nil)
		hear := func() {
			for i, w := range ushers {
				said := slices.Collect(ushers[1-i].Revocations().Known())
				if _, _, err := w.Revocations().LearnRevocations(t.Context(), said); err != nil {
					t.Fatal(err)
				}
			}
		}
		hear()
		longer := ushers[1]
		if first {
			longer = ushers[0]
		}
		longer.life = 24 * time.Hour
		longer.SetPolicy(longer.policy(t))
		for _, at := range []time.Duration{time.Minute, 24 * time.Hour, 24*time.Hour + 2*auth.MaxLeeway} {
			var ends []time.Time
			for _, w := range ushers {
				w.clock = began.Add(at)
				w.Sweep(t.Context())
				if at == time.Minute {
					hear()
				}
				if w.Revoked(alice) != (at <= 24*time.Hour) {
					t.Errorf("first %v, usher %s: revoked %v after %v", first, w.node, w.Revoked(alice), at)
				}
			}
			for _, w := range ushers {
				for v := range w.Revocations().Known() {
					ends = append(ends, v.Expires)
				}
			}
			if len(ends) == 2 && !ends[0].Equal(ends[1]) {
				t.Errorf("it ends at %v", ends)
			}
		}
	}
}
