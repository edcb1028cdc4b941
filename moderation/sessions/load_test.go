package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// TestLoadAfterKill: a session of a token that was revoked, killed between the two writes, is not brought back, and its
// account has to leave where it is.
func TestLoadAfterKill(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	g := func(n byte, user, print string) moderation.Session {
		return moderation.Session{ID: moderation.ID{n}, Host: host, Account: user, User: user, Issuer: "my-app", TokenPrint: print, Rooms: []string{"*"}, IssuedAt: at.Add(-time.Minute).Unix(), Expires: at.Add(time.Hour)}
	}
	for name, v := range map[string]moderation.Revocation{"the token": {TokenPrint: "dead"}, "the user": {Host: host, Issuer: "my-app", User: "Alice", At: at}} {
		old := g(3, "alice", "dead")
		if v.TokenPrint == "" {
			old.User = "" // as the first version wrote it
		}
		f := newFixture(t, moderationtest.State{Sessions: []moderation.Session{old, g(2, "bob", "alive")}, Revocations: []moderation.Revocation{v},
			Assignments: []moderation.Assignment{{Room: hall, JID: "alice@" + host, Affiliation: moderation.Owner, Session: old.ID, Confirmed: true}},
			Rooms:       []moderation.Room{{JID: hall, Started: true, Made: true}}})
		f.Joins(t, "alice@"+host, hall, moderation.ReasonNoSession)
		f.Joins(t, "bob@"+host, hall, moderation.ReasonToken)
		f.Joins(t, "g@guest."+host, hall, moderation.ReasonGuest)
		written := f.runs(t)
		var marked, deleted int
		for i, c := range written {
			if c.PutAssignment != nil && c.PutAssignment.End == moderation.EndRevoked {
				marked = i + 1
			}
			if c.DeleteSession != nil && c.DeleteSession.ID == old.ID {
				deleted = i + 1
			}
		}
		if marked == 0 || deleted < marked {
			t.Errorf("%s: written %+v", name, written)
		}
	}
}

// runs has Run write what is behind, and returns it.
func (f *fixture) runs(t *testing.T) []sessions.Change {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return f.Store.Applied()
}

// TestLoadBeyondTheBounds: of the sessions that a kill left behind those go that would have gone before, the oldest.
func TestLoadBeyondTheBounds(t *testing.T) {
	began := time.Unix(1_800_000_000, 0)
	var state moderationtest.State
	add := func(account, user, print string, age int) {
		state.Sessions = append(state.Sessions, moderation.Session{ID: moderation.ID{byte(len(state.Sessions)), byte(len(state.Sessions) >> 8)}, Host: host, Account: account, Random: user == "",
			User: user, Issuer: "my-app", TokenPrint: print, Rooms: []string{"*"}, LoggedIn: began.Add(time.Duration(-age) * time.Second), Used: began, Expires: began.Add(time.Hour)})
	}
	for i := range 40 {
		add("alice", "alice", fmt.Sprint("t", i), (i*7)%40)
		add(fmt.Sprint("drawn", i), "", "shared", (i*11)%40)
	}
	f := newSmallFixture(t, state, 1000) // 20 of one token
	ages := map[string][]time.Duration{}
	for _, s := range f.List() {
		who := "alice"
		if s.User == "" {
			who = "shared"
		}
		ages[who] = append(ages[who], began.Sub(s.LoggedIn))
	}
	for who, most := range map[string]int{"alice": 16, "shared": 20} {
		if len(ages[who]) != most {
			t.Errorf("%s: %d sessions, want %d", who, len(ages[who]), most)
		}
		for _, age := range ages[who] {
			if age >= time.Duration(most)*time.Second {
				t.Errorf("%s: one that is %v old is kept", who, age)
			}
		}
	}
	gone := 0
	for _, c := range f.runs(t) {
		if c.DeleteSession != nil {
			gone++
		}
	}
	if gone != 24+20 {
		t.Errorf("%d are deleted", gone)
	}
}

// TestEvictionIsWritten: what made room is deleted by Run, not before the answer, and all of it before Run ends.
func TestEvictionIsWritten(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	for i := range 20 {
		f.Pass(time.Second)
		f.Login(t, f.Identity("alice", fmt.Sprint("t", i), "*"))
		for _, c := range f.Store.Last() {
			if c.DeleteSession != nil {
				t.Error("a login waits for the end of another session")
			}
		}
	}
	gone := 0
	for _, c := range f.runs(t) {
		if c.DeleteSession != nil {
			gone++
		}
	}
	if gone != 4 {
		t.Errorf("%d are deleted, want 4", gone)
	}
}

// TestEndLosesToALaterLogin: what ends a login does not touch the next one of the same token and account, whichever is
// written first.
func TestEndLosesToALaterLogin(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	id := f.Identity("alice", "t", "*")
	f.Login(t, id)
	first := f.Store.Last()[0].PutSession.LoggedIn
	f.Login(t, id) // at the same tick of the clock
	if second := f.Store.Last()[0].PutSession.LoggedIn; !second.After(first) {
		t.Errorf("the second login is of %v, the first of %v", second, first)
	}
	f.Pass(-time.Minute) // set back
	f.Login(t, id)
	if third := f.Store.Last()[0].PutSession.LoggedIn; !third.After(first) {
		t.Errorf("the third login is of %v, the first of %v", third, first)
	}
}

// TestBackAfterRevocation: who comes back with a new token does not have to leave for what the old one was.
func TestBackAfterRevocation(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	f.Login(t, f.Identity("alice", "t1", "*"))
	if _, err := f.Revoke(t.Context(), sessions.Target{Account: "alice"}, false); err != nil {
		t.Fatal(err)
	}
	if !f.HasToLeave(hall, "alice@"+host) {
		t.Error("alice stays where no assignment was known yet")
	}
	f.Pass(time.Minute)
	f.Login(t, f.Identity("alice", "t2", "*"))
	if f.HasToLeave(hall, "alice@"+host) {
		t.Error("alice has to leave, with a good token")
	}
	f.Pass(2 * time.Hour)
	f.Sweep(t.Context())
	if f.HasToLeave(hall, "alice@"+host) {
		t.Error("alice has to leave, as one token was revoked and another expired")
	}
	var kept *moderation.Revocation
	for _, c := range f.runs(t) {
		if c.PutRevocation != nil {
			kept = c.PutRevocation
		}
	}
	if kept == nil || len(kept.Accounts) != 0 {
		t.Errorf("after a restart she would have to: %+v", kept)
	}
}

// TestRates: a class that shares a link comes in at once; beyond that the answer is "again", for that token only.
func TestRates(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	for _, named := range []bool{false, true} {
		token := fmt.Sprint("token ", named)
		login := func(i int) error {
			id := f.Identity("teacher", token, "*")
			if !named {
				id.Account, id.AccountClaim, id.Random = fmt.Sprint("drawn", i), "", true
			}
			return f.Record(t.Context(), id)
		}
		let := func(n int) (passed int) {
			for i := range n {
				if err := login(i); err == nil {
					passed++
				} else if !errors.Is(err, auth.ErrOverloaded) {
					t.Fatal(err)
				}
			}
			return passed
		}
		if got := let(60_000); got != 300 {
			t.Errorf("%s: %d at once, want 300", token, got)
		}
		f.Login(t, f.Identity("bystander", "another", "*"))
		f.Pass(time.Second)
		if got := let(1000); got != 5 {
			t.Errorf("%s: %d after a second, want 5", token, got)
		}
		f.Pass(time.Minute)
		if got := let(1000); got != 300 {
			t.Errorf("%s: %d after a minute, want 300", token, got)
		}
	}
}

// TestAnonymousRate: a large meeting without tokens comes in at once, and all the world does not; tokens are not held back.
// One network has a share, and others log in still when that is used up.
func TestAnonymousRate(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	from := func(network netip.Prefix, n int) (passed int) {
		t.Helper()
		for i := range n {
			id := auth.Identity{Host: host, Account: fmt.Sprint("drawn", network, i), Anonymous: true, Network: network}
			if err := f.Record(t.Context(), id); err == nil {
				passed++
			} else if !errors.Is(err, auth.ErrOverloaded) {
				t.Fatal(err)
			}
		}
		return passed
	}
	let := func(n int) int {
		t.Helper()
		return from(netip.Prefix{}, n)
	}
	if got := let(5100); got != 5000 {
		t.Errorf("%d at once, want 5000", got)
	}
	f.Login(t, f.Identity("bystander", "another", "*"))
	f.Pass(12 * time.Millisecond)
	if got := let(3); got != 1 {
		t.Errorf("%d after 12 ms, want 1", got)
	}
	f.Pass(2 * time.Minute)
	for _, network := range []string{"192.0.2.1/32", "2001:db8::/64"} {
		if got := from(netip.MustParsePrefix(network), 6000); got != 500 {
			t.Errorf("%d from %s, want 500", got, network)
		}
	}
	if got := let(4100); got != 4000 {
		t.Errorf("%d from elsewhere, want 4000", got)
	}
}

// TestOneTokenPushesNobodyOut: a token that has many sessions makes room for the own ones when there are too many in all.
func TestOneTokenPushesNobodyOut(t *testing.T) {
	f := newSmallFixture(t, moderationtest.State{}, 100) // 2,000 sessions, 200 of one token
	for i := range 1900 {
		f.Login(t, f.Identity(fmt.Sprint("user", i), fmt.Sprint("t", i), "*"))
	}
	for i := range 5000 {
		f.Pass(200 * time.Millisecond)
		id := f.Identity("", "shared", "*")
		id.Account, id.Random = fmt.Sprint("drawn", i), true
		f.Login(t, id)
	}
	n := map[bool]int{}
	for _, s := range f.List() {
		n[s.User == ""]++
	}
	if n[false] != 1900 || n[true] != 100 {
		t.Errorf("%d sessions of others and %d of the token", n[false], n[true])
	}
}

// TestSessionsConcurrently: logins, joins, revocations and sweeps at the same time.
func TestSessionsConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newSmallFixture(t, moderationtest.State{}, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		var all, run sync.WaitGroup
		run.Go(func() { _ = f.Run(ctx) })
		for w := range 4 {
			all.Go(func() {
				for i := range 200 {
					user := fmt.Sprint("user", (i+w)%50)
					_ = f.Record(t.Context(), f.Identity(user, fmt.Sprint("t", w, i), "hall", "other"))
					f.Join(t.Context(), user+"@"+host, hall, "n")
					switch i % 20 {
					case 5:
						_, _ = f.Revoke(t.Context(), sessions.Target{Account: user}, true)
					case 10:
						f.Sweep(t.Context())
						f.Create(t.Context(), hall)
					case 15:
						f.List()
						_, _ = f.Revocations().Allow(t.Context(), sessions.Target{User: user})
					}
				}
			})
		}
		all.Wait()
		cancel()
		run.Wait()
		f.CheckIndexes(t)
	})
}
