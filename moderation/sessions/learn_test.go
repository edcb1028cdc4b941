package sessions_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// hear tells w all that another usher knows.
func hear(t testing.TB, w, from *moderationtest.World) {
	t.Helper()
	_, _, err := w.Revocations().LearnRevocations(t.Context(), slices.Collect(from.Revocations().Known()))
	if err == nil {
		_, _, err = w.LearnSessions(t.Context(), slices.Collect(from.All()))
	}
	if err == nil {
		_, _, err = w.Rooms().LearnRooms(t.Context(), slices.Collect(from.Rooms().AllRooms()))
	}
	if err == nil {
		_, _, err = w.Rooms().LearnAssignments(t.Context(), slices.Collect(from.Rooms().AllAssignments()))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// knows is what an usher knows, in words and in order.
func knows(w *moderationtest.World) string {
	var lines []string
	for v := range w.Revocations().Known() {
		lines = append(lines, fmt.Sprint("revoked ", v.Principal(), v.At.UnixNano(), v.Lifted.UnixNano(), v.Expires.Unix(), v.Accounts))
	}
	for g := range w.All() {
		lines = append(lines, fmt.Sprint("session ", g.JID(), g.TokenPrint, g.LoggedIn.UnixNano(), g.Node))
	}
	for r := range w.Rooms().AllRooms() {
		lines = append(lines, fmt.Sprintf("room %+v", r))
	}
	for g := range w.Rooms().AllAssignments() {
		lines = append(lines, fmt.Sprintf("assignment %+v", g))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestLearnConverges: whatever is done at which of three ushers, with clocks that differ, and whoever has heard what
// when: when each has heard of each all know the same, and none lets in whom one of them has revoked, and nobody has
// lifted since.
func TestLearnConverges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		ushers := make([]*moderationtest.World, 3)
		for i := range ushers {
			ushers[i] = moderationtest.NewWorld(t, moderationtest.WorldOptions{Node: string(rune('a' + i))})
			ushers[i].Pass(time.Duration(i) * time.Second)
		}
		one := func() *moderationtest.World { return ushers[rapid.IntRange(0, 2).Draw(r, "usher")] }
		said := map[auth.Principal]moderation.Revocation{} // all that was ever revoked or lifted
		note := func(*rapid.T) {
			for _, w := range ushers {
				for v := range w.Revocations().Known() {
					if before, there := said[v.Principal()]; there {
						v = moderation.MergeRevocations(before, v)
					}
					said[v.Principal()] = v
				}
			}
		}
		user := func() string { return rapid.SampledFrom([]string{"ann", "bob"}).Draw(r, "user") }
		r.Repeat(map[string]func(*rapid.T){
			"login": func(*rapid.T) {
				w, who := one(), user()
				id := w.Identity(who, who+rapid.SampledFrom([]string{"1", "2"}).Draw(r, "token"), "standup")
				if err := w.Record(t.Context(), id); err != nil && !errors.Is(err, auth.ErrRevoked) {
					r.Fatal(err)
				}
			},
			"revoke": func(*rapid.T) { _, _ = one().Revoke(t.Context(), sessions.Target{User: user()}, true) },
			"allow":  func(*rapid.T) { _, _ = one().Revocations().Allow(t.Context(), sessions.Target{User: user()}) },
			"token":  func(*rapid.T) { _, _ = one().Revoke(t.Context(), sessions.Target{Token: user() + "1"}, true) },
			"join": func(*rapid.T) {
				w := one()
				w.Service.Join(t.Context(), user()+"@"+host, moderationtest.Standup, "me")
			},
			"hear": func(*rapid.T) { hear(t, one(), one()) },
			"":     note,
			"pass": func(*rapid.T) {
				d := time.Duration(rapid.IntRange(1, 3).Draw(r, "seconds")) * time.Second
				for _, w := range ushers {
					w.Pass(d)
				}
			},
		})
		for range 3 {
			for _, w := range ushers {
				w.Sweep(t.Context())
				for _, from := range ushers {
					hear(t, w, from)
				}
			}
		}
		for _, w := range ushers[1:] {
			if got, want := knows(w), knows(ushers[0]); got != want {
				r.Fatalf("one knows\n%s\nanother\n%s", got, want)
			}
		}
		note(r)
		known := slices.Collect(ushers[0].Revocations().Known())
		if len(known) != len(said) {
			r.Fatalf("%d of %d revocations are known", len(known), len(said))
		}
		for _, v := range known {
			if all := said[v.Principal()]; !v.At.Equal(all.At) || !v.Lifted.Equal(all.Lifted) {
				r.Fatalf("known is %+v; of what was said comes %+v", v, all)
			}
			for _, w := range ushers {
				id := auth.Identity{Host: v.Host, Issuer: v.Issuer, AccountClaim: v.User, TokenPrint: cmp.Or(v.TokenPrint, "other"), IssuedAt: v.At}
				if w.Revoked(id) != v.InForce() {
					r.Fatalf("%+v: it is let in: %v", v, !w.Revoked(id))
				}
			}
		}
	})
}

// TestLearnRevocation: what another usher has revoked ends the sessions here, is there after a kill, is written again
// if it could not be, and is lifted when that is said.
func TestLearnRevocation(t *testing.T) {
	w := newRevocationWorld(t)
	w.node = "a"
	w.restart(t)
	id := auth.Identity{Host: host, Account: "ann", AccountClaim: "ann", Issuer: "my-app", KeyPrint: "k1", TokenPrint: "t1",
		Rooms: []string{"standup"}, IssuedAt: w.clock, Expires: w.clock.Add(time.Hour)}
	if _, err := w.Record(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	said := moderation.Revocation{Host: host, Issuer: "my-app", User: "Ann", At: w.clock, Node: "b"}
	known, touched, err := w.Revocations().LearnRevocations(t.Context(), []moderation.Revocation{said})
	if err != nil || len(known) != 1 || w.Any() || !w.Revoked(id) {
		t.Fatalf("%+v, %+v, %v", known, touched, err)
	}
	w.restart(t)
	if !w.Revoked(id) || w.Any() {
		t.Error("it is forgotten")
	}
	lifted := said.Lift(w.clock.Add(time.Second))
	for range 2 { // the second time it is no news
		if _, _, err := w.Revocations().LearnRevocations(t.Context(), []moderation.Revocation{lifted, said}); err != nil || w.Revoked(id) {
			t.Fatalf("it is not lifted: %v", err)
		}
	}
	w.restart(t)
	if w.Revoked(id) || len(slices.Collect(w.Revocations().Known())) != 1 || len(w.Revocations().List()) != 0 {
		t.Error("the lifting is forgotten")
	}
	w.clock = w.clock.Add(31 * 24 * time.Hour)
	w.Sweep(t.Context())
	if n := len(slices.Collect(w.Revocations().Known())); n != 0 {
		t.Errorf("%d are known for ever", n)
	}
}

// TestLearnUnwritten: it is in force though it cannot be written, and is written the next time it is said.
func TestLearnUnwritten(t *testing.T) {
	w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Node: "a"})
	said := []moderation.Revocation{{TokenPrint: "t1", At: w.Now(), Node: "b"}}
	w.Store.Fail(errors.New("the disk is full"))
	if _, _, err := w.Revocations().LearnRevocations(t.Context(), said); err == nil || !w.Revoked(w.Identity("ann", "t1")) {
		t.Errorf("in force: %v, %v", w.Revoked(w.Identity("ann", "t1")), err)
	}
	w.Store.Fail(nil)
	for want := range 2 {
		w.Store.Forget()
		_, _, err := w.Revocations().LearnRevocations(t.Context(), said)
		if n := len(w.Store.Applied()); err != nil || n != 1-want {
			t.Errorf("written %d times, want %d; %v", n, 1-want, err)
		}
	}
}

// TestMadeAlone: what an usher had revoked while it was alone has its name once it is one of several.
func TestMadeAlone(t *testing.T) {
	made := moderation.Revocation{Host: host, Issuer: "i", User: "alice", At: time.Unix(1000, 0)}
	for _, node := range []string{"", "a"} {
		w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Node: node,
			State: moderationtest.State{Revocations: []moderation.Revocation{made}}})
		known := slices.Collect(w.Revocations().Known())
		if len(known) != 1 || known[0].Node != node || !known[0].At.Equal(made.At) {
			t.Errorf("%+v", known)
		}
	}
}

// TestManyLearned: at the bound of its own an usher makes no more revocations, and takes those of others all the same.
func TestManyLearned(t *testing.T) {
	w := moderationtest.NewWorld(t, moderationtest.WorldOptions{Node: "a", Smaller: 5000}) // 10 revocations
	said := make([]moderation.Revocation, 40)
	for i := range said {
		said[i] = moderation.Revocation{TokenPrint: fmt.Sprintf("%032x", i), At: w.Now(), Node: "b"}
	}
	if _, _, err := w.Revocations().LearnRevocations(t.Context(), said); err != nil || w.Revocations().Count() != len(said) {
		t.Errorf("%d of %d are in force, %v", w.Revocations().Count(), len(said), err)
	}
	if _, err := w.Revoke(t.Context(), sessions.Target{Token: strings.Repeat("f", 32)}, true); !errors.Is(err, sessions.ErrTooManyRevocations) {
		t.Errorf("one more of its own: %v", err)
	}
}
