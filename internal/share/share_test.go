package share_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/internal/cluster"
	"usher/internal/cluster/membus"
	"usher/internal/record"
	"usher/internal/share"
	"usher/internal/sqlite"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/sessions"
	"usher/moderation/streams"
)

const host = "meet.example.com"

// An usher is the state of one, and its node.
type usher struct {
	t       *testing.T
	path    string
	options cluster.Options
	bus     *membus.Client
	writer  bool

	store    *sqlite.Store
	sessions *sessions.Sessions
	lobby    *lobby.Lobby
	streams  *streams.Streams
	state    *share.State
	node     *cluster.Node
	stop     func()

	mu      sync.Mutex
	touched []sessions.Touched
	changed []string
}

func (u *usher) Touch(t sessions.Touched) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.touched = append(u.touched, t)
}

func (u *usher) ListChanged(jids []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.changed = append(u.changed, jids...)
}

func newUsher(t *testing.T, e *membus.Engine, node, cell string) *usher {
	t.Helper()
	u := &usher{t: t, path: filepath.Join(t.TempDir(), "usher.db"), bus: e.Client(), writer: node == "a",
		options: cluster.Options{Node: node, Cell: cell, Staleness: 5 * time.Second, Machine: node, State: node}}
	u.start()
	t.Cleanup(func() { u.stop() })
	return u
}

// start starts it with what its state has.
func (u *usher) start() {
	u.t.Helper()
	var err error
	if u.store, err = sqlite.Open(u.t.Context(), u.path, nil); err != nil {
		u.t.Fatal(err)
	}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{"muc." + host}, Prefixes: map[string]string{"i": ""}}}, nil)
	if err != nil {
		u.t.Fatal(err)
	}
	u.lobby = lobby.New(u.store, lobby.Options{Shared: true})
	u.streams = streams.New(u.store, streams.Options{})
	if u.sessions, err = sessions.New(u.t.Context(), u.store, p, sessions.Options{Lobby: u.lobby, Node: u.options.Node}); err != nil {
		u.t.Fatal(err)
	}
	if err := u.sessions.Load(u.t.Context(), u.lobby.Load, u.streams.Load); err != nil {
		u.t.Fatal(err)
	}
	u.state = &share.State{Sessions: u.sessions, Lobby: u.lobby, Streams: u.streams, Source: u.store, Effects: u,
		Writer: func() (uint64, bool) { return 1, u.writer }, Now: time.Now}
	keys, err := cluster.NewKeys("test", []byte("a secret of a cluster that is long enough"))
	if err != nil {
		u.t.Fatal(err)
	}
	if u.node, err = cluster.New(u.bus, keys, u.state, u.state, u.options); err != nil {
		u.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var tasks sync.WaitGroup
	tasks.Go(func() {
		if err := u.node.Run(ctx); !errors.Is(err, context.Canceled) {
			u.t.Errorf("%s: %v", u.options.Node, err)
		}
	})
	tasks.Go(func() { _ = u.sessions.Run(ctx, u.Touch) })
	tasks.Go(func() { _ = u.streams.Run(ctx) })
	u.stop = sync.OnceFunc(func() {
		cancel()
		tasks.Wait()
		if err := u.store.Close(); err != nil {
			u.t.Error(err)
		}
	})
}

func identity(user string) auth.Identity {
	return auth.Identity{Host: host, Account: user, AccountClaim: user, Issuer: "i", KeyPrint: "k", TokenPrint: "token of " + user,
		Rooms: []string{"r"}, IssuedAt: time.Now().Add(-time.Minute), Expires: time.Now().Add(time.Hour)}
}

func (u *usher) login(user string) {
	u.t.Helper()
	if _, err := u.sessions.Record(u.t.Context(), identity(user)); err != nil {
		u.t.Fatal(err)
	}
	u.store.Wake()
}

func (u *usher) knows(user string) bool {
	return slices.ContainsFunc(u.sessions.List(), func(i sessions.Info) bool { return i.Account == user+"@"+host })
}

// all is what an usher of a cell knows, but for what goes with who is connected.
func (u *usher) all() string {
	var lines []string
	for _, scope := range []cluster.Scope{cluster.Global, cluster.Cell("x")} {
		for f, err := range u.state.Facts(u.t.Context(), scope) {
			if err != nil {
				u.t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%d %x %x", f.Kind, f.Key, f.Body))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !ready(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}

// TestShared: what is done at one usher is known at the others: sessions, verdicts and streams beside the same Prosody,
// revocations and the whitelist everywhere; and it is undone there, too.
func TestShared(t *testing.T) {
	e := membus.New()
	a, b, c := newUsher(t, e, "a", "x"), newUsher(t, e, "b", "x"), newUsher(t, e, "c", "y")
	for _, u := range []*usher{a, b, c} {
		await(t, "it is fresh", u.node.Fresh)
	}
	a.login("ann")
	c.login("ann")
	await(t, "b knows the login at a", func() bool { return b.knows("ann") })
	if len(c.sessions.List()) != 1 {
		t.Error("a session is known at another Prosody's usher")
	}
	stream := relayauth.Stream{Host: host, Account: "ann", Principal: auth.PersonPrincipal(host, "i", "ann"), TokenPrint: "token of ann"}
	if err := a.streams.RememberStream(t.Context(), stream, "previd"); err != nil {
		t.Fatal(err)
	}
	await(t, "b may resume a's stream", func() bool { _, ok := b.streams.StreamOf(host, "previd"); return ok })
	a.streams.EndStream(host, "previd", true)
	await(t, "a's stream is over at b", func() bool { _, ok := b.streams.StreamOf(host, "previd"); return !ok })

	if err := c.lobby.Allow(t.Context(), lobby.Entry{JID: "x@y"}); err != nil {
		t.Fatal(err)
	}
	a.lobby.Knock("r@muc."+host, "guest@h", "", true)
	if _, err := a.lobby.Decide(t.Context(), lobby.Verdict{Room: "r@muc." + host, JID: "guest@h", Admitted: true}); err != nil {
		t.Fatal(err)
	}
	room := lobby.Room{JID: "r@muc." + host}
	await(t, "b admits whom a admitted", func() bool { return b.lobby.Standing(room, "guest@h") == lobby.Admitted })
	await(t, "a lets in whom c whitelisted", func() bool { return len(a.lobby.List()) == 1 })
	if _, err := b.lobby.Remove(t.Context(), lobby.EntryKey{JID: "x@y"}); err != nil {
		t.Fatal(err)
	}
	await(t, "it is off c's whitelist", func() bool { return len(c.lobby.List()) == 0 })

	if _, _, err := b.sessions.Revocations().Revoke(t.Context(), sessions.Target{User: "ANN"}, true); err != nil {
		t.Fatal(err)
	}
	known, err := b.node.Know(t.Context(), false, b.state.Last())
	if err != nil || len(known.Has) != 3 || len(known.Missing) != 0 {
		t.Errorf("%v, %v", known, err)
	}
	for _, u := range []*usher{a, b, c} {
		if u.knows("ann") || !u.sessions.Revoked(identity("ann")) {
			t.Errorf("%s lets in whom b has revoked", u.options.Node)
		}
	}
	if _, err := c.sessions.Revocations().Allow(t.Context(), sessions.Target{User: "ann"}); err != nil {
		t.Fatal(err)
	}
	await(t, "the lifting is known", func() bool { return !a.sessions.Revoked(identity("ann")) && !b.sessions.Revoked(identity("ann")) })
	await(t, "a and b know the same", func() bool { return a.all() == b.all() })
}

// TestAway: what is done while an usher is away is there when it is back, and what it had done before it was killed is
// with the others; all end equal, also where the engine has lost its log.
func TestAway(t *testing.T) {
	e := membus.New()
	a, b := newUsher(t, e, "a", "x"), newUsher(t, e, "b", "x")
	await(t, "both are fresh", func() bool { return a.node.Fresh() && b.node.Fresh() })
	a.login("ann")
	b.login("bob")
	a.bus.Cut(true)
	a.login("carl") // nobody hears of it
	a.stop()
	if _, _, err := b.sessions.Revocations().Revoke(t.Context(), sessions.Target{User: "ann"}, true); err != nil {
		t.Fatal(err)
	}
	e.Trim(cluster.Cell("x"), 0)
	e.Trim(cluster.Global, 0)
	a.bus.Cut(false)
	a.start()
	await(t, "a knows what was revoked", func() bool { return a.sessions.Revoked(identity("ann")) && !a.knows("ann") })
	await(t, "b knows what a had before it was killed", func() bool { return b.knows("carl") })
	await(t, "both are fresh again", func() bool { return a.node.Fresh() && b.node.Fresh() })
	await(t, "both know the same", func() bool { return a.all() == b.all() })
}

// TestRooms: what the usher whom Prosody asks knows of rooms, and has given there, the other one beside it knows, too.
func TestRooms(t *testing.T) {
	e := membus.New()
	a, b := newUsher(t, e, "a", "x"), newUsher(t, e, "b", "x")
	await(t, "both are fresh", func() bool { return a.node.Fresh() && b.node.Fresh() })
	a.login("ann")
	const room = "r@muc." + host
	h := a.sessions.Policy().Host(host)
	id := moderation.NewID("token of ann", host, "ann")
	given := &moderation.Assignment{Room: room, JID: "ann@" + host, Affiliation: moderation.Owner, Session: id, At: time.Now()}
	rooms := a.sessions.Rooms()
	if _, err := rooms.Begin(t.Context(), room, []*moderation.Assignment{given}); err != nil {
		t.Fatal(err)
	}
	session := slices.Collect(a.sessions.All())[0]
	rooms.Joined(t.Context(), h, room, &session)
	await(t, "b knows that the room is started", func() bool {
		all := slices.Collect(b.sessions.Rooms().AllRooms())
		return len(all) == 1 && all[0].Started
	})
	await(t, "b knows what was given", func() bool {
		g := b.sessions.Rooms().Assignment(given.Key())
		return g != nil && g.Affiliation == moderation.Owner && g.Lease == 1
	})
	time.Sleep(time.Second) // a room into which an account was let a moment ago is about to be there
	rooms.Gone(t.Context(), room, rooms.Epoch(room))
	await(t, "b knows that the room is no more", func() bool {
		return len(slices.Collect(b.sessions.Rooms().AllRooms())) == 0 && b.sessions.Rooms().Assignment(given.Key()) == nil
	})
}

// TestFormerLife: what is said of a room's former life, and of what was taken back there before, ends nothing of now.
func TestFormerLife(t *testing.T) {
	e := membus.New()
	a := newUsher(t, e, "a", "x")
	await(t, "it is fresh", a.node.Fresh)
	const room = "r@muc." + host
	now := time.Now()
	given := moderation.Assignment{Room: room, JID: "ann@" + host, Affiliation: moderation.Owner, At: now, Lease: 2}
	said := []cluster.Fact{
		fact(cluster.KindRoom, &moderation.Room{JID: room, Began: 2, Started: true, Joined: now}, false),
		fact(cluster.KindAssignment, &given, false),
		fact(cluster.KindRoom, &moderation.Room{JID: room, Began: 1, Gone: true}, true),
		fact(cluster.KindAssignment, &moderation.Assignment{Room: room, JID: given.JID, At: now, Lease: 1, Gone: true}, true),
	}
	for _, f := range said {
		known, err := a.state.Merge(t.Context(), []cluster.Fact{f})
		if err != nil || len(known) != 1 || known[0].Gone {
			t.Fatalf("%v: %+v, %v", f, known, err)
		}
	}
	if g := a.sessions.Rooms().Assignment(given.Key()); g == nil || g.Lease != 2 {
		t.Errorf("%+v", g)
	}
}

func fact[V record.Value](kind cluster.Kind, v V, gone bool) cluster.Fact {
	return cluster.Fact{Kind: kind, Version: 1, Body: record.AppendValue(nil, v), Gone: gone}
}

// TestQuietRestart: an usher that starts again publishes nothing of what the others have published, and they nothing of
// what it has.
func TestQuietRestart(t *testing.T) {
	const logins = 300
	e := membus.New()
	a, b := newUsher(t, e, "a", "x"), newUsher(t, e, "b", "x")
	await(t, "both are fresh", func() bool { return a.node.Fresh() && b.node.Fresh() })
	for i := range logins {
		a.login(fmt.Sprint("user", i))
	}
	await(t, "b knows the logins at a", func() bool { return len(b.sessions.List()) == logins })
	b.stop()
	before := e.Length(cluster.Cell("x"))
	b.start()
	await(t, "b is fresh", b.node.Fresh)
	time.Sleep(3 * time.Second) // some heartbeats of both
	if n := e.Length(cluster.Cell("x")) - before; n > 30 {
		t.Errorf("%d entries were published", n)
	}
}

// TestLargeBatch: sessions with large tokens come as many at once as others do, and more than the journal takes in one
// record; they are taken over all the same.
func TestLargeBatch(t *testing.T) {
	e := membus.New()
	b := newUsher(t, e, "b", "x")
	var said []cluster.Fact
	for i := range cluster.MaxPublish {
		id := identity(fmt.Sprint("user", i))
		id.Rooms = []string{strings.Repeat("r", 24<<10)}
		g := moderation.NewSession(id, time.Now())
		said = append(said, fact(cluster.KindSession, &g, false))
	}
	known, err := b.state.Merge(t.Context(), said)
	if err != nil || len(known) != len(said) || len(b.sessions.List()) != len(said) {
		t.Errorf("%d of %d are known, %d sessions: %v", len(known), len(said), len(b.sessions.List()), err)
	}
	for i := range known {
		if !slices.Equal(known[i].Body, said[i].Body) {
			t.Fatalf("the answer of %d is another's", i)
		}
	}
}
