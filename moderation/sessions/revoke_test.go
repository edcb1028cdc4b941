package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/internal/sqlite"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// A revocationWorld is sessions of two issuers over a real state, and a clock.
type revocationWorld struct {
	*sessions.Sessions
	*muc.Service
	path  string
	store *sqlite.Store
	clock time.Time
	life  time.Duration // max_lifetime
	node  string        // among several; empty: it is alone
}

func newRevocationWorld(t *testing.T) *revocationWorld {
	t.Helper()
	w := &revocationWorld{path: filepath.Join(t.TempDir(), "usher.db"), clock: time.Unix(1_800_000_000, 0)}
	w.open(t)
	t.Cleanup(func() { _ = w.store.Close() })
	return w
}

func (w *revocationWorld) open(t *testing.T) {
	t.Helper()
	var err error
	if w.store, err = sqlite.Open(t.Context(), w.path, nil); err != nil {
		t.Fatal(err)
	}
	w.Sessions = moderationtest.Start(t, w.store, w.policy(t), sessions.Options{Now: func() time.Time { return w.clock }, Node: w.node})
	w.Service = muc.New(muc.Options{Sessions: w.Sessions, Unasked: unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(), Policy: w.Policy})})
}

func (w *revocationWorld) policy(t *testing.T) *moderation.Policy {
	t.Helper()
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}, Leeway: leeway, MaxLifetime: w.life,
		Prefixes: map[string]string{"my-app": "", "another": "", "acme": "a-"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// restart reads again what the state has, which a kill leaves as it is: what the
// sessions have not written yet is lost.
func (w *revocationWorld) restart(t *testing.T) {
	t.Helper()
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(t)
}

// token is that of a user, issued so long ago.
func (w *revocationWorld) token(user, print string, ago time.Duration) auth.Identity {
	return auth.Identity{Host: host, Account: strings.ToLower(user), AccountClaim: user, Issuer: "my-app", KeyPrint: "k1", TokenPrint: print,
		Rooms: []string{"*"}, IssuedAt: w.clock.Add(-ago), Expires: w.clock.Add(time.Hour)}
}

// shared is a token that names nobody.
func (w *revocationWorld) shared(print, drawn string) auth.Identity {
	id := w.token("", print, time.Minute)
	id.Account, id.Random = drawn, true
	return id
}

func (w *revocationWorld) login(t *testing.T, id auth.Identity, want error) {
	t.Helper()
	if _, err := w.Record(t.Context(), id); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s of %s issued at %v by the token %s: %v, want %v", id.AccountClaim, id.Issuer, id.IssuedAt, id.TokenPrint, err, want)
	}
	if dead := w.Revoked(id); dead != errors.Is(want, auth.ErrRevoked) {
		t.Errorf("%s of %s: revoked %v, and the login says %v", id.AccountClaim, id.Issuer, dead, want)
	}
}

func (w *revocationWorld) revoke(t *testing.T, target sessions.Target, all bool, want error) sessions.Revoked {
	t.Helper()
	out, _, err := w.Revocations().Revoke(t.Context(), target, all)
	if !errors.Is(err, want) {
		t.Fatalf("revoking %+v: %v, want %v", target, err, want)
	}
	return out
}

// TestRevokeMeansThePrincipal: what is dead does not depend on what the sessions remember: of 17 tokens of an account 16
// have a session, and all of them are dead, at once and after a restart, until it is lifted.
func TestRevokeMeansThePrincipal(t *testing.T) {
	w := newRevocationWorld(t)
	var tokens []auth.Identity
	for i := range 17 {
		id := w.token("Alice", fmt.Sprint("t", i), time.Duration(i)*time.Minute)
		if i%2 == 1 {
			id.AccountClaim = "ALICE"
		}
		w.login(t, id, nil)
		w.clock = w.clock.Add(time.Second)
		tokens = append(tokens, id)
	}
	bob := w.token("bob", "t of bob", time.Minute)
	w.login(t, bob, nil)
	out := w.revoke(t, sessions.Target{Account: "alice@" + host}, false, nil)
	if out.Sessions != 16 || !slices.Equal(out.Accounts, []string{"alice@" + host}) || out.NoIssuedAt {
		t.Errorf("%+v", out)
	}
	for _, restart := range []bool{false, true} {
		if restart {
			w.restart(t)
		}
		for _, id := range tokens {
			w.login(t, id, auth.ErrRevoked)
		}
		w.login(t, bob, nil)
		if d := w.Join(t.Context(), "alice@"+host, hall, "n"); d.Allowed {
			t.Error("alice joins")
		}
		if d := w.Join(t.Context(), "bob@"+host, hall, "n"); !d.Allowed {
			t.Errorf("bob does not join: %s", d.Reason)
		}
	}
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{Account: "alice"}); err != nil {
		t.Fatal(err)
	}
	w.restart(t)
	for _, id := range tokens {
		w.login(t, id, nil)
	}
}

// TestRevokeByTheMoment: a token that was issued later is good; one of which nobody knows is not.
func TestRevokeByTheMoment(t *testing.T) {
	w := newRevocationWorld(t)
	w.revoke(t, sessions.Target{User: "alice", Issuer: "my-app"}, false, nil)
	for _, row := range []struct {
		after time.Duration
		want  error
	}{{-time.Hour, auth.ErrRevoked}, {0, auth.ErrRevoked}, {leeway, auth.ErrRevoked}, {leeway + time.Second, nil}} {
		w.clock = w.clock.Add(max(0, row.after))
		w.login(t, w.token("Alice", "t"+row.after.String(), 0), row.want)
		w.clock = w.clock.Add(-max(0, row.after))
		if row.after < 0 {
			w.login(t, w.token("alice", "t", -row.after), row.want)
		}
	}
	without := w.token("alice", "no iat", 0)
	without.IssuedAt = time.Time{}
	w.login(t, without, auth.ErrRevoked)
	w.login(t, w.token("alice", "future", -leeway-time.Second), auth.ErrRevoked)
	w.login(t, w.token("alic", "another", 0), nil)
	other := w.token("alice", "other issuer", time.Minute)
	other.Issuer = "another"
	w.login(t, other, nil) // only one issuer was meant
}

// TestRevokeAnAccountOfManyIssuers: what other issuers call the account is dead too, though its sessions may have made
// room for others; what is another account under their prefix is not.
func TestRevokeAnAccountOfManyIssuers(t *testing.T) {
	w := newRevocationWorld(t)
	old := w.token("a-lice", "by another", time.Hour)
	old.Issuer = "another"
	w.login(t, old, nil)
	for i := range 16 {
		w.clock = w.clock.Add(time.Second)
		w.login(t, w.token("a-lice", fmt.Sprint("t", i), time.Minute), nil)
	}
	prefixed, elsewhere := w.token("Lice", "by acme", time.Minute), w.token("a-lice", "a-a-lice", time.Minute)
	prefixed.Issuer, prefixed.Account = "acme", "a-lice"
	elsewhere.Issuer, elsewhere.Account = "acme", "a-a-lice"
	w.revoke(t, sessions.Target{Account: "a-lice"}, false, nil)
	w.login(t, old, auth.ErrRevoked)
	w.login(t, prefixed, auth.ErrRevoked)
	w.login(t, elsewhere, nil)
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{Account: "a-lice@" + host}); err != nil {
		t.Fatal(err)
	}
	w.login(t, prefixed, nil)
	if left := w.Revocations().List(); len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
}

// TestRevokeSharedToken: a token that is many people's is revoked for all of them or for none.
func TestRevokeSharedToken(t *testing.T) {
	w := newRevocationWorld(t)
	for i := range 3 {
		w.login(t, w.shared("shared", fmt.Sprint("drawn", i)), nil)
	}
	w.login(t, w.shared("own", "single"), nil)
	out := w.revoke(t, sessions.Target{Account: "drawn1"}, false, sessions.ErrShared)
	if out.Sessions != 3 || out.Persons != 3 || !out.At.IsZero() {
		t.Errorf("%+v", out)
	}
	if d := w.Join(t.Context(), "drawn1@"+host, hall, "n"); !d.Allowed {
		t.Error("it was done all the same")
	}
	w.revoke(t, sessions.Target{Token: "shared"}, false, sessions.ErrShared)
	w.revoke(t, sessions.Target{Account: "drawn1"}, true, nil)
	w.login(t, w.shared("shared", "drawn9"), auth.ErrRevoked)
	for i := range 3 {
		if d := w.Join(t.Context(), fmt.Sprint("drawn", i, "@", host), hall, "n"); d.Allowed {
			t.Errorf("drawn%d joins", i)
		}
	}
	if out := w.revoke(t, sessions.Target{Account: "single"}, false, nil); out.Sessions != 1 {
		t.Errorf("%+v", out)
	}
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{Account: "drawn0@" + host}); err != nil {
		t.Errorf("by the account of a session that it ended: %v", err)
	}
	w.login(t, w.shared("shared", "drawn9"), nil)
	w.login(t, w.shared("own", "single"), auth.ErrRevoked)
}

// TestPreview: what a revocation would do is what it then does, and looking does nothing.
func TestPreview(t *testing.T) {
	for _, target := range []sessions.Target{{Account: "alice"}, {User: "alice"}, {Token: "two"}, {Account: "drawn1@" + host}} {
		w := newRevocationWorld(t)
		one := w.token("Alice", "one", time.Minute)
		one.DisplayName = "Alice Müller"
		w.login(t, one, nil)
		w.login(t, w.token("Alice", "two", time.Minute), nil)
		for i := range 3 {
			w.login(t, w.shared("shared", fmt.Sprint("drawn", i)), nil)
		}
		if d := w.Join(t.Context(), "alice@"+host, hall, "n"); !d.Allowed {
			t.Fatal(d)
		}
		before, err := w.Revocations().Preview(t.Context(), target)
		if err != nil || !before.At.IsZero() || before.Sessions == 0 || w.Revocations().Count() > 0 {
			t.Fatalf("%+v: %+v, %v, %d revocations", target, before, err, w.Revocations().Count())
		}
		if len(before.Users) > 0 && !slices.Equal(before.Names, []string{"Alice Müller"}) {
			t.Errorf("%+v: called %q", target, before.Names)
		}
		w.login(t, one, nil)
		w.login(t, w.token("Alice", "two", time.Minute), nil)
		after := w.revoke(t, target, true, nil)
		after.At = time.Time{}
		if fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("%+v: said %+v, did %+v", target, before, after)
		}
	}
	w := newRevocationWorld(t)
	if _, err := w.Revocations().Preview(t.Context(), sessions.Target{Account: "nobody"}); !errors.Is(err, sessions.ErrNoSuchSession) {
		t.Error(err)
	}
}

// TestRevokeOneToken: it is dead whatever its iat, with or without a session; the user's others are not.
func TestRevokeOneToken(t *testing.T) {
	w := newRevocationWorld(t)
	w.login(t, w.token("alice", "leaked", time.Minute), nil)
	w.login(t, w.token("alice", "kept", time.Minute), nil)
	if out := w.revoke(t, sessions.Target{Token: "leaked"}, false, nil); out.Sessions != 1 {
		t.Errorf("%+v", out)
	}
	w.revoke(t, sessions.Target{Token: "unseen"}, false, nil)
	w.login(t, w.token("alice", "leaked", -leeway), auth.ErrRevoked)
	w.login(t, w.token("alice", "unseen", -leeway), auth.ErrRevoked)
	w.login(t, w.token("alice", "kept", time.Minute), nil)
}

// TestRevocationEnds: with its token, not before any leeway is over; of a user only if every token's life is bounded.
func TestRevocationEnds(t *testing.T) {
	for _, life := range []time.Duration{0, time.Hour} {
		w := newRevocationWorld(t)
		w.life = life
		w.restart(t)
		began := w.clock
		alice, shared := w.token("alice", "t", time.Minute), w.shared("s", "drawn")
		w.login(t, alice, nil)
		w.login(t, shared, nil)
		w.revoke(t, sessions.Target{Account: "alice"}, false, nil)
		w.revoke(t, sessions.Target{Account: "drawn"}, false, nil)
		for _, at := range []time.Duration{time.Hour - 1, time.Hour, time.Hour + leeway - 1, time.Hour + leeway, time.Hour + auth.MaxLeeway - 1} {
			w.clock = began.Add(at)
			w.Sweep(t.Context())
			w.login(t, alice, auth.ErrRevoked) // whatever its exp says: the leeway may be longer by now
			w.login(t, shared, auth.ErrRevoked)
		}
		w.clock = began.Add(time.Hour + auth.MaxLeeway)
		w.Sweep(t.Context())
		w.login(t, shared, nil) // that it has expired is not for revocations to say
		w.login(t, alice, auth.ErrRevoked)
		w.clock = began.Add(1000 * time.Hour)
		w.Sweep(t.Context())
		w.restart(t)
		left := 2 // of the two issuers who would call somebody alice so
		if life > 0 {
			left = 0
		}
		if got := w.Revocations().List(); len(got) != left {
			t.Errorf("with max_lifetime %v are left: %+v", life, got)
		}
	}
}

// TestRevocationsAreKept: at their bound the command refuses, and none goes; nor is one cut at the start.
func TestRevocationsAreKept(t *testing.T) {
	var state moderationtest.State
	for i := range 60 {
		state.Revocations = append(state.Revocations, moderation.Revocation{Host: host, Issuer: "my-app", User: fmt.Sprint("user", i), At: time.Unix(1_800_000_000, 0)})
	}
	f := newSmallFixture(t, state, 1000) // 50 of them
	dead := func(user string) bool { return f.Revoked(f.Identity(user, "t of "+user)) }
	for i := range 60 {
		if !dead(fmt.Sprint("user", i)) {
			t.Errorf("user%d is not revoked any more", i)
		}
	}
	_, err := f.Revoke(t.Context(), sessions.Target{User: "another"}, false)
	if !errors.Is(err, sessions.ErrTooManyRevocations) || dead("another") {
		t.Errorf("one too many: %v", err)
	}
	f.Pass(time.Minute)
	if dead("user7") {
		t.Error("a token issued later is dead")
	}
	if _, err := f.Revoke(t.Context(), sessions.Target{User: "User7"}, false); err != nil || !dead("user7") {
		t.Errorf("again, and later: %v", err)
	}
	for i := range 11 {
		if _, err := f.Revocations().Allow(t.Context(), sessions.Target{User: fmt.Sprint("user", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Revoke(t.Context(), sessions.Target{User: "another"}, false); err != nil || !dead("another") {
		t.Errorf("with place again: %v", err)
	}
}

// unsynced is a store whose disk fails.
type unsynced struct {
	*moderationtest.Recorder
	err error
}

func (u *unsynced) Sync(context.Context) error { return u.err }

// TestRevokeWithoutADisk: it is in force, and says that it is not safe.
func TestRevokeWithoutADisk(t *testing.T) {
	f := newFixture(t, moderationtest.State{})
	store := &unsynced{f.Store, errors.New("input/output error")}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, Prefixes: map[string]string{"my-app": ""}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := moderationtest.Start(t, store, p, sessions.Options{Now: f.Now})
	if _, err := s.Record(t.Context(), f.Identity("alice", "t", "*")); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel() // who asked is gone
	out, _, err := s.Revocations().Revoke(over, sessions.Target{User: "alice"}, false)
	if !errors.Is(err, store.err) || out.Sessions != 1 || !s.Revoked(f.Identity("alice", "t")) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := s.Revocations().Allow(over, sessions.Target{User: "alice"}); !errors.Is(err, store.err) {
		t.Errorf("lifted: %v", err)
	}
}

func TestRevokeNobody(t *testing.T) {
	w := newRevocationWorld(t)
	w.revoke(t, sessions.Target{Account: "nobody"}, false, sessions.ErrNoSuchSession)
	w.revoke(t, sessions.Target{Account: "nobody@elsewhere"}, false, sessions.ErrNoSuchSession)
	w.revoke(t, sessions.Target{User: "alice", Host: "elsewhere"}, false, sessions.ErrNoIssuer)
	if _, err := w.Revocations().Allow(t.Context(), sessions.Target{Account: "nobody"}); !errors.Is(err, sessions.ErrNotRevoked) {
		t.Error(err)
	}
}
