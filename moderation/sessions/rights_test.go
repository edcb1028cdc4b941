package sessions_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"usher/auth"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

const (
	guests = "guest." + host
	uuid   = "0b8c9a52-6d1e-4a3b-9c57-2f1f0f3f8a11"
)

func newRelayFixture(t *testing.T, more ...func(*moderation.HostPolicy)) *fixture {
	t.Helper()
	f := newFixture(t, moderationtest.State{})
	p := moderation.HostPolicy{Host: host, MUC: []string{conference}, Guests: []string{guests}, Relay: true, Leeway: leeway,
		Prefixes: map[string]string{"my-app": ""}}
	for _, change := range more {
		change(&p)
	}
	f.Reload(t.Context(), f.Policy(t, p))
	return f
}

// bound is the login of a person whose account Prosody drew.
func bound(f *fixture, domain, account, user, token string) auth.Identity {
	id := f.Identity(account, token, "standup")
	id.AccountClaim, id.Random, id.Domain = user, true, domain
	id.DisplayID, id.DisplayName = user, "The "+user
	return id
}

// TestRights: what a login gives ends with its session, its key and its revocation; it is that of one token alone.
func TestRights(t *testing.T) {
	f := newRelayFixture(t)
	moderator := bound(f, "", uuid, "alice", "t1")
	moderator.Moderator = true
	f.Login(t, moderator)
	later := bound(f, "", uuid, "alice", "t2")
	later.KeyPrint = "k2"
	f.Login(t, later)
	f.Login(t, bound(f, guests, uuid, "bob", "t3"))
	f.Login(t, auth.Identity{Host: host, Account: "anon", Anonymous: true})
	rights := func(domain, account, print string, moderator, counts bool) {
		t.Helper()
		if m, c := f.Rights(domain, account, print); m != moderator || c != counts {
			t.Errorf("%s@%s with %s: moderator %v, counts %v", account, domain, print, m, c)
		}
	}
	rights(host, uuid, "t1", true, true)
	rights(host, uuid, "t2", false, true)
	rights(guests, uuid, "t3", false, true)
	rights(host, uuid, "t3", false, false)
	rights(guests, uuid, "t1", false, false)
	rights(host, "anon", "", false, true)
	rights(host, uuid, "", false, false)
	f.Keys["k2"] = true
	rights(host, uuid, "t2", false, false)
	rights(host, "anon", "", false, true)
	if _, err := f.Revoke(t.Context(), sessions.Target{Account: uuid + "@" + host}, false); err != nil {
		t.Fatal(err)
	}
	rights(host, uuid, "t1", false, false)
	f.Pass(2 * time.Hour)
	rights(guests, uuid, "t3", false, false)
	rights(host, "anon", "", false, true)
	f.Pass(48 * time.Hour)
	rights(host, "anon", "", false, false)
	f.Sweep(t.Context())
	if len(f.List()) != 0 {
		t.Errorf("left: %+v", f.List())
	}
}

// TestDisplay: an account is shown as its last token names its user; nothing is decided by it.
func TestDisplay(t *testing.T) {
	f := newRelayFixture(t)
	f.Login(t, bound(f, "", uuid, "alice", "t1"))
	f.Pass(time.Second)
	f.Login(t, bound(f, "", uuid, "Alice", "t2"))
	if p := f.Display(uuid + "@" + host); p.ID != "Alice" || p.Name != "The Alice" {
		t.Errorf("%+v", p)
	}
	if p := f.Display("nobody@" + host); p != (sessions.Person{}) {
		t.Errorf("nobody is %+v", p)
	}
}

// TestEnded: a revocation ends the streams of the principal's accounts, also on the guest host, and of no other's; where
// Prosody asks usher about logins there are no streams to end.
func TestEnded(t *testing.T) {
	for _, relay := range []bool{true, false} {
		f := newRelayFixture(t, func(h *moderation.HostPolicy) { h.Relay = relay })
		f.Login(t, bound(f, "", "a1", "alice", "t1"))
		f.Login(t, bound(f, "", "a2", "ALICE", "t2"))
		f.Login(t, bound(f, guests, "a3", "alice", "t3"))
		f.Login(t, bound(f, "", "b1", "bob", "t4"))
		out, touched, err := f.Revocations().Revoke(t.Context(), sessions.Target{Account: "a1@" + host}, false)
		want := []string{"a1@" + host, "a2@" + host, "a3@" + guests}
		if err != nil || !slices.Equal(out.Accounts, want) || out.Sessions != 3 {
			t.Fatalf("relay %v: %+v, %v", relay, out, err)
		}
		if !relay {
			want = nil
		}
		if !slices.Equal(touched.Ended, want) {
			t.Errorf("relay %v: streams end of %q", relay, touched.Ended)
		}
	}
}

// TestEndedToken: a revocation of one token does not end the stream of an account that has a later one.
func TestEndedToken(t *testing.T) {
	f := newRelayFixture(t)
	f.Login(t, bound(f, "", uuid, "alice", "t1"))
	f.Login(t, bound(f, "", uuid, "alice", "t2"))
	for _, print := range []string{"t1", "t2"} {
		_, touched, err := f.Revocations().Revoke(t.Context(), sessions.Target{Token: print}, false)
		if err != nil {
			t.Fatal(err)
		}
		if m, c := f.Rights(host, uuid, print); m || c {
			t.Errorf("%s counts", print)
		}
		if left := len(f.List()); (left == 0) != (len(touched.Ended) == 1) {
			t.Errorf("%d sessions are left, and ended are %q", left, touched.Ended)
		}
	}
}

// TestGuestsAccount: an operator revokes the account of a guest who signed in, and a random account alone; what has no
// token cannot be revoked, and no other's revocation means it.
func TestGuestsAccount(t *testing.T) {
	f := newRelayFixture(t)
	f.Login(t, bound(f, guests, uuid, "alice", "t1"))
	f.Login(t, auth.Identity{Host: host, Account: "anon", Anonymous: true})
	f.Login(t, auth.Identity{Host: host, Account: "anon2", Anonymous: true})
	if _, err := f.Revoke(t.Context(), sessions.Target{Account: "anon@" + host}, true); !errors.Is(err, sessions.ErrAnonymous) {
		t.Errorf("revoked: %v", err)
	}
	out, err := f.Revoke(t.Context(), sessions.Target{Account: uuid + "@" + guests}, false)
	if err != nil || len(out.Users) != 1 || out.Users[0] != "alice of my-app at "+host {
		t.Errorf("%+v, %v", out, err)
	}
	if len(f.List()) != 2 {
		t.Errorf("left: %+v", f.List())
	}
	if err := f.Record(t.Context(), bound(f, "", "other", "alice", "t2")); !errors.Is(err, auth.ErrRevoked) {
		t.Errorf("logged in: %v", err)
	}
}

// TestAnonymousLogins: they are not bound like those of one token, and a restart leaves them what they are.
func TestAnonymousLogins(t *testing.T) {
	f := newRelayFixture(t)
	for i := range 1000 {
		f.Login(t, auth.Identity{Host: host, Account: string(rune('a'+i%26)) + uuid, Anonymous: true})
	}
	list := f.List()
	if len(list) != 26 || list[0].User != "" {
		t.Fatalf("%d: %+v", len(list), list[0])
	}
	g := moderation.NewSession(auth.Identity{Host: host, Account: "x" + uuid, Anonymous: true}, f.Now())
	again := newFixture(t, moderationtest.State{Sessions: []moderation.Session{g}})
	if l := again.List(); len(l) != 1 || l[0].User != "" {
		t.Errorf("%+v", l)
	}
}
