package sessions_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/internal/memory"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/sessions"
)

// loadWorld is one whose store is slow: it has some who logged in last, and others who may have to wait.
type loadWorld struct {
	*fixture
	rooms, rest chan struct{}
	loaded      sync.WaitGroup
}

func kept(n byte, user string, at time.Time) moderation.Session {
	g := moderation.Session{Host: host, Account: user, User: user, Issuer: "my-app", KeyPrint: "k1", TokenPrint: fmt.Sprintf("%032x", n), Rooms: []string{"*"},
		LoggedIn: at, Used: at, IssuedAt: at.Unix(), Expires: at.Add(24 * time.Hour)}
	g.ID = moderation.NewID(g.TokenPrint, host, user)
	return g
}

func newLoadWorld(t *testing.T, state moderationtest.State) *loadWorld {
	t.Helper()
	for i := range moderationtest.HeldAfter {
		state.Sessions = append(state.Sessions, kept(byte(100+i), fmt.Sprint("newer", i), loadedAt.Add(time.Duration(i+1)*time.Hour)))
	}
	w := &loadWorld{rooms: make(chan struct{}), rest: make(chan struct{})}
	store := &moderationtest.Recorder{Store: memory.New(), State: state, HoldRooms: w.rooms, HoldSessions: w.rest}
	w.fixture = &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Store: store, Unloaded: true})}
	w.loaded.Go(func() {
		if err := w.Load(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return w
}

var loadedAt = time.Unix(1_799_990_000, 0)

// TestLoginWhileLoading: a login wants the revocations and nothing else, however long the rest takes.
func TestLoginWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newLoadWorld(t, moderationtest.State{Revocations: []moderation.Revocation{{TokenPrint: "dead"}}})
		if err := w.Record(t.Context(), w.Identity("bob", "new", "*")); err != nil {
			t.Errorf("a login: %v", err)
		}
		if err := w.Record(t.Context(), w.Identity("eve", "dead", "*")); !errors.Is(err, auth.ErrRevoked) {
			t.Errorf("with a revoked token: %v", err)
		}
		if w.IsLoaded() || w.Missing() != "starting: 0 of the sessions are loaded" {
			t.Errorf("missing: %q", w.Missing())
		}
		close(w.rooms)
		close(w.rest)
		w.loaded.Wait()
		if !w.IsLoaded() || w.Missing() != "" || len(w.List()) != 1+moderationtest.HeldAfter {
			t.Errorf("missing at the end: %q; %v", w.Missing(), w.List())
		}
	})
}

// TestQuestionsWait: what finds nothing waits until all is there, and is no answer if that takes too long.
func TestQuestionsWait(t *testing.T) {
	for name, ask := range map[string]func(*testing.T, *loadWorld) error{
		"await":    func(t *testing.T, w *loadWorld) error { return w.Await(t.Context()) },
		"remember": func(t *testing.T, w *loadWorld) error { return w.Remember(t.Context(), host, "x1", "drawn", "id-1") },
		"revoke": func(t *testing.T, w *loadWorld) error {
			out, err := w.Revoke(t.Context(), sessions.Target{Account: "bob"}, false)
			if err == nil && out.Sessions != 1 {
				return fmt.Errorf("%d sessions end", out.Sessions)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drawn := kept(3, "x1", loadedAt)
				drawn.TokenPrint, drawn.User, drawn.Random = "drawn", "", true
				drawn.ID = moderation.NewID("drawn", host, "x1")
				w := newLoadWorld(t, moderationtest.State{Sessions: []moderation.Session{kept(2, "bob", loadedAt), drawn}})
				close(w.rooms)
				result := make(chan error, 1)
				go func() { result <- ask(t, w) }()
				synctest.Wait()
				select {
				case err := <-result:
					t.Errorf("answered before all is there: %v", err)
				default:
				}
				close(w.rest)
				if err := <-result; err != nil {
					t.Errorf("once all is there: %v", err)
				}
				w.loaded.Wait()
			})
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				w := newLoadWorld(t, moderationtest.State{})
				began := time.Now()
				for what, err := range map[string]error{"revoke": second(w.Revoke(t.Context(), sessions.Target{User: "bob"}, false)),
					"remember": w.Remember(t.Context(), host, "x1", "drawn", "id-1")} {
					if !errors.Is(err, sessions.ErrLoading) {
						t.Errorf("%s: %v", what, err)
					}
				}
				if w.Revoked(w.Identity("bob", "t")) || time.Since(began) > 10*time.Second {
					t.Errorf("it waited %v, or did what it says was not done", time.Since(began))
				}
				cancel()
				if err := w.AwaitRooms(ctx); !errors.Is(err, sessions.ErrLoading) {
					t.Error(err)
				}
				close(w.rooms)
				close(w.rest)
				w.loaded.Wait()
			})
		})
	}
}

func second[T any](_ T, err error) error { return err }

// TestLoadFails: nobody is let in where what was kept cannot be read, every question says why, and the start is not over.
func TestLoadFails(t *testing.T) {
	broken := errors.New("a row cannot be read")
	f := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Unloaded: true})}
	if err := f.Load(t.Context(), func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("loading: %v", err)
	}
	for what, err := range map[string]error{"login": f.Record(t.Context(), f.Identity("bob", "t", "*")), "await": f.Await(t.Context()),
		"rooms": f.AwaitRooms(t.Context()), "revoke": second(f.Revoke(t.Context(), sessions.Target{User: "bob"}, false))} {
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if f.IsLoaded() || f.Missing() == "" {
		t.Error("it counts as loaded")
	}
}

// TestMeanwhileWins: what happened while sessions are loaded is not undone by what the state had before.
func TestMeanwhileWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := kept(2, "bob", time.Unix(1_900_000_000, 0)) // the clock was set back since
		gone, old := kept(3, "carol", loadedAt), kept(4, "dave", loadedAt)
		old.Moderator = true
		w := newLoadWorld(t, moderationtest.State{Sessions: []moderation.Session{back, gone, old}})
		login := func(g moderation.Session) {
			id := w.Identity(g.Account, g.TokenPrint, "*")
			w.Login(t, id)
		}
		login(back)
		login(gone)
		login(old)
		for range 16 { // of one account: the first one goes
			w.Pass(time.Second)
			w.Login(t, w.Identity("carol", fmt.Sprint("t", w.Now()), "*"))
		}
		close(w.rooms)
		close(w.rest)
		w.loaded.Wait()
		var bob, dave *sessions.Info
		for _, g := range w.List() {
			switch g := &g; {
			case g.Account == "bob@"+host:
				bob = g
			case g.Account == "dave@"+host:
				dave = g
			case g.Token == gone.TokenPrint:
				t.Error("what has ended is back")
			}
		}
		if bob == nil || !bob.LoggedIn.After(back.LoggedIn) {
			t.Errorf("the later login of bob: %+v", bob)
		}
		if dave == nil || dave.Moderator {
			t.Errorf("the later login of dave: %+v", dave)
		}
		restamped := false
		for _, c := range w.runs(t) {
			restamped = restamped || c.PutSession != nil && c.PutSession.Account == "bob" && c.PutSession.LoggedIn.After(back.LoggedIn)
		}
		if !restamped {
			t.Error("the state keeps the login of before")
		}
		w.CheckIndexes(t)
	})
}

// yieldingStore yields sessions as it is told to, whatever logs in meanwhile.
type yieldingStore struct {
	*moderationtest.Recorder
	before func(i int)
}

func (y *yieldingStore) Sessions(ctx context.Context) iter.Seq2[moderation.Session, error] {
	return func(yield func(moderation.Session, error) bool) {
		i := 0
		for g, err := range y.Recorder.Sessions(ctx) {
			y.before(i)
			if i++; !yield(g, err) {
				return
			}
		}
	}
}

// TestLoadIsAsIfAllLoggedIn: with logins at whatever moment in between, the indexes are in the order in which they would
// be if all had logged in one after the other.
func TestLoadIsAsIfAllLoggedIn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		n := 1 + r.IntN(300)
		var all []moderation.Session
		for i := range n {
			g := kept(byte(i), fmt.Sprint("user", r.IntN(40)), loadedAt.Add(time.Duration(i)*time.Second))
			g.TokenPrint = fmt.Sprintf("%032x", i)
			g.ID = moderation.NewID(g.TokenPrint, host, g.Account)
			g.Moderator = r.IntN(3) == 0
			if r.IntN(4) > 0 {
				g.Rooms = []string{fmt.Sprint("room", r.IntN(4)), fmt.Sprint("room", 4+r.IntN(4))}
			}
			all = append(all, g)
		}
		cut := r.IntN(n + 1)
		expires := loadedAt.Add(100 * time.Hour)
		record := func(f *fixture, g moderation.Session) {
			id := auth.Identity{Host: host, Account: g.Account, AccountClaim: g.User, Issuer: g.Issuer, KeyPrint: g.KeyPrint, TokenPrint: g.TokenPrint, Rooms: g.Rooms,
				Moderator: g.Moderator, IssuedAt: g.Issued(), Expires: expires}
			f.Login(t, id)
		}
		whole := newFixture(t, moderationtest.State{Sessions: all[:cut]})
		for _, g := range all[cut:] {
			record(whole, g)
		}
		next := cut
		store := &yieldingStore{Recorder: &moderationtest.Recorder{Store: memory.New(), State: moderationtest.State{Sessions: all[:cut]}}}
		parts := &fixture{moderationtest.NewWorld(t, moderationtest.WorldOptions{Unloaded: true})}
		p := parts.Policy(t, moderation.HostPolicy{Host: host, MUC: []string{conference}, Prefixes: map[string]string{"my-app": ""}})
		var err error
		if parts.Sessions, err = sessions.New(t.Context(), store, p, sessions.Options{Now: parts.Now}); err != nil {
			t.Fatal(err)
		}
		store.before = func(int) {
			for ; next < n && r.IntN(2) == 0; next++ {
				record(parts, all[next])
			}
		}
		if err := parts.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		for ; next < n; next++ {
			record(parts, all[next])
		}
		parts.CheckIndexes(t)
		if got, want := parts.Order(), whole.Order(); !slices.Equal(got, want) {
			t.Fatalf("%d of %d were kept: in the order\n%v\nwant\n%v", cut, n, got, want)
		}
	}
}
