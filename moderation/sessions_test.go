package moderation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/memory"
	"usher/lobby"
	"usher/metrics"
	"usher/moderation"
)

const (
	host = "meet.example.com"
	muc  = "conference.meet.example.com"

	leeway = 10 * time.Second
)

// A fixture is sessions with a clock of the test's own.
type fixture struct {
	*moderation.Sessions
	*moderation.Service
	*moderation.LobbyCommands // nil without a lobby
	touch                     func(moderation.Touched)
	lobby                     *lobby.Lobby // may be nil
	store                     *recorder
	metrics                   *metrics.Metrics
	mu                        sync.Mutex
	clock                     time.Time
	began                     time.Time       // if it is not zero the clock goes on from then, with the time of the bubble
	keys                      map[string]bool // removed
}

// recorder is a store that remembers in memory, and fails when it is told to.
type recorder struct {
	*memory.Store
	mu    sync.Mutex
	state moderation.State
	fail  error
	hang  bool
	log   func(moderation.Change) // of what was written; may be nil

	applied []moderation.Change
	latest  []moderation.Change // of the last call
}

func (r *recorder) last() []moderation.Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.latest
}

func (r *recorder) Load(context.Context) (moderation.State, error) { return r.state, nil }

func (r *recorder) Apply(ctx context.Context, changes ...moderation.Change) error {
	r.mu.Lock()
	fail, hang, log := r.fail, r.hang, r.log
	if r.latest = changes; len(r.applied) < 10_000 {
		r.applied = append(r.applied, changes...)
	}
	r.mu.Unlock()
	if log != nil && fail == nil {
		for _, c := range changes {
			log(c)
		}
	}
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if fail != nil {
		return fail
	}
	return r.Store.Apply(ctx, changes...)
}

func (r *recorder) ApplyLobby(ctx context.Context, changes ...lobby.Change) error {
	r.mu.Lock()
	fail := r.fail
	r.mu.Unlock()
	if fail != nil {
		return fail
	}
	return r.Store.ApplyLobby(ctx, changes...)
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.began.IsZero() {
		return f.clock.Add(time.Since(f.began))
	}
	return f.clock
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

func newFixture(t testing.TB, state moderation.State) *fixture {
	t.Helper()
	return newSmallFixture(t, state, 1)
}

// newSmallFixture is newFixture with bounds that are smaller by a factor.
func newSmallFixture(t testing.TB, state moderation.State, factor int) *fixture {
	t.Helper()
	f := &fixture{store: &recorder{Store: memory.New(), state: state}, metrics: metrics.New(""), clock: time.Unix(1_800_000_000, 0), keys: map[string]bool{}}
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}, Guests: []string{"guest." + host}, ServiceAccounts: []string{"focus@auth." + host},
		Leeway: leeway, Prefixes: map[string]string{"my-app": ""}}})
	if err != nil {
		t.Fatal(err)
	}
	f.Sessions, err = moderation.NewSmallSessions(t.Context(), f.store, p, moderation.Options{Metrics: f.metrics, Now: f.now,
		KeyHeld: func(_, _, print string) bool { return !f.keys[print] }}, factor)
	if err != nil {
		t.Fatal(err)
	}
	f.service()
	return f
}

// logTo has the sessions made anew, with a log.
func (f *fixture) logTo(t testing.TB, log *slog.Logger) {
	t.Helper()
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{muc}}})
	if err != nil {
		t.Fatal(err)
	}
	f.Sessions, err = moderation.NewSessions(t.Context(), f.store, p, moderation.Options{Log: log, Metrics: f.metrics, Now: f.now})
	if err != nil {
		t.Fatal(err)
	}
	f.service()
}

// identity is a login with a token that is told from others by its name.
func (f *fixture) identity(account, token string, rooms ...string) auth.Identity {
	return auth.Identity{Host: host, Account: account, Issuer: "my-app", KeyPrint: "k1", TokenPrint: token, Rooms: rooms,
		AccountClaim: account, IssuedAt: f.now(), Expires: f.now().Add(time.Hour)}
}

func (f *fixture) record(t testing.TB, id auth.Identity) {
	t.Helper()
	if err := f.Record(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) joins(t testing.TB, user, room string, want moderation.Reason) {
	t.Helper()
	if d := f.Join(t.Context(), user, room, "nick"); d.Reason != want {
		t.Errorf("%s joining %s: %s (%s), want %s", user, room, d.Reason, d.Detail, want)
	}
}

func TestSessionEnds(t *testing.T) {
	f := newFixture(t, moderation.State{})
	f.record(t, f.identity("alice", "t1", "a"))
	endless := f.identity("bob", "t2", "*")
	endless.Expires = time.Unix(98753496345768, 0)
	f.record(t, endless)
	f.record(t, f.identity("carol", "t3", "*"))
	held := func(string, string) bool { return true }
	f.joins(t, "alice@"+host, "a@"+muc, moderation.ReasonToken)
	f.pass(time.Hour + leeway - 1)
	f.joins(t, "alice@"+host, "a@"+muc, moderation.ReasonToken) // she could still log in
	f.pass(1)
	f.joins(t, "alice@"+host, "a@"+muc, moderation.ReasonSessionEnded) // at the end, before any sweep
	f.Sweep(t.Context())
	f.joins(t, "alice@"+host, "a@"+muc, moderation.ReasonNoSession)
	if f.Exists(host, "alice", held) || !f.Exists(host, "bob", held) {
		t.Error("who exists")
	}
	for range 3 { // used again and again, it does not end
		f.pass(20 * time.Hour)
		f.Sweep(t.Context())
		f.joins(t, "bob@"+host, "x@"+muc, moderation.ReasonToken)
	}
	f.pass(24 * time.Hour)
	f.joins(t, "bob@"+host, "x@"+muc, moderation.ReasonSessionEnded)
	f.keys["k1"] = true
	f.record(t, f.identity("dave", "t4", "*"))
	f.joins(t, "dave@"+host, "x@"+muc, moderation.ReasonKeyRemoved)
}

// TestStateFails: a login that cannot be written is refused, soon; joins go on from memory.
func TestStateFails(t *testing.T) {
	f := newFixture(t, moderation.State{})
	f.record(t, f.identity("alice", "t1", "*", "y"))
	f.store.fail = errors.New("disk full")
	if f.Record(t.Context(), f.identity("bob", "t2", "*")) == nil {
		t.Error("a login was allowed that nobody will remember")
	}
	f.joins(t, "alice@"+host, "x@"+muc, moderation.ReasonToken)
	f.joins(t, "bob@"+host, "x@"+muc, moderation.ReasonNoSession)
	if _, d := f.Create(t.Context(), "y@"+muc); d.Allowed {
		t.Error("a room began that cannot be remembered")
	}
	f.store.fail, f.store.hang = nil, true
	began := time.Now()
	if f.Record(t.Context(), f.identity("bob", "t2", "*")) == nil || time.Since(began) > time.Second {
		t.Errorf("a disk that hangs held a login for %v", time.Since(began))
	}
	if n, err := testutil.GatherAndCount(f.metrics.Gatherer(), "usher_state_errors_total"); n == 0 || err != nil {
		t.Error("nothing is counted")
	}
}

func ask(h http.Handler, path string) (int, map[string]any) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var answer map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, answer
}

// TestAnswers: allowed is a boolean always, affiliations an object always, whatever is asked.
func TestAnswers(t *testing.T) {
	f := newFixture(t, moderation.State{})
	h := &moderation.Handler{Service: f.Service}
	alice := f.identity("alice", "t1", "standup")
	alice.Moderator = true
	f.record(t, alice)
	join := func(user, room string) string {
		return "/muc/join?userJID=" + url.QueryEscape(user) + "&mucJID=" + url.QueryEscape(room) + "&nickname=n"
	}
	code, answer := ask(h, "/muc/room?jid=standup%40"+muc)
	if owners, _ := answer["affiliations"].(map[string]any); code != 200 || owners["alice@"+host] != "owner" || len(owners) != 1 {
		t.Errorf("a new room: %d %v", code, answer)
	}
	if code, answer := ask(h, join("alice@"+host, "standup@"+muc)); code != 200 || answer["allowed"] != true {
		t.Errorf("a good join: %d %v", code, answer)
	}
	for _, path := range []string{
		join("bob@"+host, "standup@"+muc), join("alice@"+host, "other@"+muc), join("alice@"+host, "standup@elsewhere"), join("alice@evil", "standup@"+muc),
		join("g@guest."+host, "never@"+muc), join("alice@"+host+"/r", "standup@"+muc), join("", "standup@"+muc), "/muc/join", "/muc/join?userJID=a&userJID=b&mucJID=c&nickname=d",
		join("alice@"+host, "standup@"+muc) + "&more=1", "/muc/join?%zz", join("alice@"+host, "no room"), join("alice@"+host, "@"+muc), "/muc/other",
	} {
		if code, answer := ask(h, path); code < 400 || answer["allowed"] != false {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
	for _, path := range []string{"/muc/room", "/muc/room?jid=x%40elsewhere", "/muc/room?jid=x&jid=y", "/muc/room?jid=", "/muc/room?jid=%00"} {
		code, answer := ask(h, path)
		if list, ok := answer["affiliations"].(map[string]any); code < 400 || !ok || len(list) != 0 {
			t.Errorf("%s: %d %v", path, code, answer)
		}
	}
	f.store.fail = errors.New("disk full")
	if code, answer := ask(h, "/muc/room?jid=standup%40"+muc); code != 503 || answer["affiliations"] == nil {
		t.Errorf("without a state: %d %v", code, answer)
	}
}

// FuzzJoinQuery: only the one who logged in joins, whatever the query looks like.
func FuzzJoinQuery(f *testing.F) {
	f.Add("userJID=alice%40meet.example.com&mucJID=standup%40conference.meet.example.com&nickname=n")
	f.Add("userJID=a;b=c")
	x := newFixture(f, moderation.State{})
	x.record(f, x.identity("alice", "t1", "standup"))
	h := &moderation.Handler{Service: x.Service}
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/muc/join", nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var answer struct{ Allowed *bool }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || answer.Allowed == nil {
			t.Fatalf("%q: %s", raw, w.Body)
		}
		q, _ := url.ParseQuery(raw)
		user, room := q.Get("userJID"), q.Get("mucJID")
		if *answer.Allowed && user != "focus@auth."+host && (user != "alice@"+host || !strings.EqualFold(room[strings.LastIndex(room, "@")+1:], muc)) {
			t.Errorf("%q let %q into %q", raw, user, room)
		}
	})
}

// TestBounds: names without end that strangers and one token's holder make up leave memory, series and state within
// bounds, here of a hundredth.
func TestBounds(t *testing.T) {
	const factor, fill, n = 100, 24_000, 12_000 // what has a bound is full by then
	f := newSmallFixture(t, moderation.State{}, factor)
	f.record(t, f.identity("alice", "t1", "*"))
	flood := func(from, to int) {
		for i := from; i < to; i++ {
			f.pass(200 * time.Millisecond) // as fast as one token may log in
			room := fmt.Sprintf("room-%d-%s@%s", i, strings.Repeat("x", 40), muc)
			f.joins(t, fmt.Sprintf("stranger%d@elsewhere", i), room, moderation.ReasonStranger)
			switch i % 4 {
			case 0:
				f.Create(t.Context(), room)
			case 1:
				f.record(t, f.identity("alice", "t1", "*"))
				f.joins(t, "alice@"+host, room, moderation.ReasonToken)
			case 2:
				flood := f.identity(fmt.Sprint("random", i), "t2", "*")
				flood.Random, flood.AccountClaim = true, ""
				f.record(t, flood)
			case 3:
				f.joins(t, fmt.Sprintf("g%d@guest.%s", i, host), room, moderation.ReasonNotStarted)
			}
		}
	}
	flood(0, fill)
	before := heap()
	flood(fill, fill+n)
	if grown := heap() - before; grown > 2<<20 {
		t.Errorf("%d more names took %d KiB", n, grown>>10)
	}
	if got := len(f.List()); got > 20_000/factor+1 {
		t.Errorf("%d sessions by one token that names no account", got)
	}
	for i := range n {
		f.record(t, f.identity(fmt.Sprint("user", i), fmt.Sprint("token", i), "*"))
	}
	if got := len(f.List()); got > 200_000/factor {
		t.Errorf("%d sessions", got)
	}
	if n, _ := testutil.GatherAndCount(f.metrics.Gatherer(), "usher_joins_total"); n > 20 {
		t.Errorf("%d series of joins", n)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // pools keep what they hold over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkJoin compares an answer among 100,000 sessions with one among 100.
func BenchmarkJoin(b *testing.B) {
	asks := map[int]func(){}
	for _, n := range []int{100, 100_000} {
		f := newFixture(b, moderation.State{})
		for i := range n {
			f.record(b, f.identity(fmt.Sprint("user", i), fmt.Sprint("t", i), "standup"))
		}
		h := &moderation.Handler{Service: f.Service}
		i := 0
		asks[n] = func() {
			i += 7919
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, fmt.Sprintf("/muc/join?userJID=user%d%%40%s&mucJID=standup%%40%s&nickname=n", i%n, host, muc), nil))
			if w.Code != http.StatusOK {
				b.Fatal(w.Body)
			}
		}
	}
	b.Run("100000-beside-100", func(b *testing.B) { authtest.Compare(b, 2000, asks[100], asks[100_000]) })
}
