package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/internal/panics"
	"usher/metrics"
)

const (
	host = "meet.example.com"
	page = "https://meet.example.com"
)

// Tokens that the fake authenticator knows, all with a word in them that must be
// in no log.
const (
	secretWord = "sesame"
	aliceToken = "ok:alice:sesame.sesame.sesame.sesame.1"
	bobToken   = "ok:bob:sesame.sesame.sesame.sesame.2"
	anyToken   = "any:r4nd0m:sesame.sesame.sesame.sesame.3" // for a random account
	panicToken = "panic::sesame.sesame.sesame.sesame.4"
	ticketText = "ut-ticket-"
)

func refusedToken(r auth.Reason) string { return "no:" + string(r) + ":sesame.sesame.sesame.sesame.5" }

// fakeAuth decides by the token alone. Its tickets wait until the test uses them
// or the gateway cancels them.
type fakeAuth struct {
	ask      func(context.Context, auth.Credentials) // runs before the decision
	remember func()                                  // runs before an account is remembered
	panics   bool                                    // where no decision is asked for

	mu         sync.Mutex
	asked      []auth.Credentials
	waiting    map[string]bool
	cancelled  []string
	remembered []string
}

// IssueTicket implements [Authenticator].
func (f *fakeAuth) IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error) {
	if f.ask != nil {
		f.ask(ctx, c)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, c)
	if c.Problem != nil {
		return auth.Ticket{}, c.Problem
	}
	verdict, rest, _ := strings.Cut(c.Token, ":")
	name, _, _ := strings.Cut(rest, ":")
	switch verdict {
	case "ok", "any":
		text := fmt.Sprint(ticketText, len(f.asked))
		if f.waiting == nil {
			f.waiting = map[string]bool{}
		}
		f.waiting[text] = true
		return auth.Ticket{Host: c.Host, Account: name, Random: verdict == "any", Text: text}, nil
	case "no":
		return auth.Ticket{}, auth.Refuse(auth.Reason(name), "as asked")
	case "panic":
		panic(c.Token)
	}
	if !strings.Contains(c.Token, ":") {
		return auth.Ticket{}, auth.Refuse(auth.ReasonMalformed, "some text")
	}
	return auth.Ticket{}, fmt.Errorf("not a refusal")
}

// CancelTicket implements [Authenticator].
func (f *fakeAuth) CancelTicket(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancelled = append(f.cancelled, text)
	delete(f.waiting, text)
	if f.panics {
		panic(text)
	}
}

// TicketWaits implements [Authenticator].
func (f *fakeAuth) TicketWaits(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting[text]
}

// Remember implements [Authenticator].
func (f *fakeAuth) Remember(_ context.Context, t auth.Ticket, resumption string) error {
	if f.remember != nil {
		f.remember()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remembered = append(f.remembered, t.Account+" "+resumption)
	return nil
}

// use has a ticket be used, as Prosody's question does.
func (f *fakeAuth) use(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, text)
}

// questions are those asked so far.
func (f *fakeAuth) questions() []auth.Credentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]auth.Credentials(nil), f.asked...)
}

// left are the tickets that nobody used or cancelled.
func (f *fakeAuth) left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting)
}

// told are the tickets that were cancelled, or the accounts remembered.
func (f *fakeAuth) told(list *[]string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(*list, ", ")
}

// fakeRooms keeps the joins it is told of.
type fakeRooms struct {
	hook func(context.Context) // runs before it returns

	mu    sync.Mutex
	joins []string
}

// BeforeJoin implements [Joiner].
func (f *fakeRooms) BeforeJoin(ctx context.Context, user, room string) {
	f.mu.Lock()
	f.joins = append(f.joins, user+" "+room)
	f.mu.Unlock()
	if f.hook != nil {
		f.hook(ctx)
	}
}

func (f *fakeRooms) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.joins, ", ")
}

// logBuffer is a log that tests can read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// discreet wants a log to hold no token, no ticket and no query.
func (b *logBuffer) discreet(t testing.TB) {
	t.Helper()
	for _, word := range []string{secretWord, ticketText, secretRoom} {
		if text := b.String(); strings.Contains(text, word) {
			t.Errorf("the log has %q in it:\n%s", word, text)
		}
	}
}

// A world is a gateway on a real socket between the test's clients and its
// upstream.
type world struct {
	t testing.TB
	*Server
	auth     *fakeAuth
	rooms    *fakeRooms
	upstream *upstream
	log      *logBuffer
	series   *metrics.Metrics
	settings Settings
	kind     func(net.Listener) net.Listener
	address  string
	stop     func() error // ends Serve and returns what it does; more than once
}

// newServer makes a gateway with short deadlines where nothing is gained by
// waiting.
func newServer(o Options) (*Server, *fakeAuth, *fakeRooms, *logBuffer, *metrics.Metrics) {
	a, rooms, buffer, m := &fakeAuth{}, &fakeRooms{}, &logBuffer{}, metrics.New("test")
	o.Auth, o.Rooms, o.Metrics = a, rooms, m.Gateway()
	o.Log = slog.New(slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Panics = panics.New(o.Log, m)
	return New(o), a, rooms, buffer, m
}

// newWorld starts a gateway. When the test has ended nothing may be left of
// what its clients took.
func newWorld(t testing.TB, o Options, changes ...func(*Settings)) *world {
	t.Helper()
	return newWorldOn(t, func(l net.Listener) net.Listener { return l }, o, changes...)
}

// newWorldOn starts it on a listener of its own kind.
func newWorldOn(t testing.TB, kind func(net.Listener) net.Listener, o Options, changes ...func(*Settings)) *world {
	t.Helper()
	if o.LingerTimeout == 0 {
		o.LingerTimeout = 200 * time.Millisecond
	}
	w := &world{t: t, upstream: newUpstream(t), kind: kind}
	w.Server, w.auth, w.rooms, w.log, w.series = newServer(o)
	to, err := url.Parse(w.upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	w.settings = Settings{Upstream: to, Origins: []string{page}, Guests: true}
	for _, change := range changes {
		change(&w.settings)
	}
	w.Configure(w.settings)
	w.serve()
	t.Cleanup(w.over)
	return w
}

func (w *world) serve() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.address = l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	if w.kind != nil {
		l = w.kind(l)
	}
	go func() { served <- w.Serve(ctx, l) }()
	w.stop = sync.OnceValue(func() error {
		cancel()
		return <-served
	})
}

// over ends the gateway and sees to it that nothing is left.
func (w *world) over() {
	if err := w.stop(); err != nil {
		w.t.Errorf("Serve: %v", err)
	}
	w.swept(2 * boshKept)
	w.eventually("the budget is paid back", func() bool { return w.budget.Taken() == 0 })
	if n := len(w.sessions.list()); n != 0 {
		w.t.Errorf("%d sessions are left", n)
	}
	w.log.discreet(w.t)
}

// takeBudget takes so much of the budget that all share, for as many addresses as
// that needs.
func (w *world) takeBudget(n int64) (giveBack func()) {
	var loans []*budget.Loan
	for i := range budget.AddressParts {
		address := netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})
		l := w.budget.Share(netip.PrefixFrom(address, 32), n).Loan()
		if !l.Covers(n/budget.AddressParts + budget.Piece) {
			w.t.Fatal("it is in use")
		}
		loans = append(loans, &l)
	}
	return func() {
		for _, l := range loans {
			l.Repay()
		}
	}
}

// swept wants no place to be taken after so long a silence.
func (w *world) swept(after time.Duration) {
	w.t.Helper()
	w.eventually("all places are given back", func() bool {
		w.bosh.sweep(time.Now().Add(after))
		return w.taken() == 0
	})
}

// taken is how many places are, in all and for known addresses.
func (w *world) taken() int {
	return max(w.proxy.Connections())
}

// eventually waits for what other goroutines are about to bring about.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not so: %s\n%s", what, w.log)
		}
	}
}

// counted waits for a series to have a value.
func (w *world) counted(name, label string, want float64) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%s{%s} is %v", name, label, want), func() bool { return series(w.t, w.series, name, label) == want })
}

func series(t testing.TB, m *metrics.Metrics, name, label string) float64 {
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if f.GetName() == name && len(one.GetLabel()) == 1 && one.GetLabel()[0].GetValue() == label {
				return one.GetCounter().GetValue() + one.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// ended waits for a session to have ended for a reason.
func (w *world) ended(reason string) {
	w.t.Helper()
	w.counted(metrics.GatewayEnded, reason, 1)
}

// Changes of the settings.

func noGuests(c *Settings) { c.Guests = false }

func behindProxy(c *Settings) { c.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func messages(most int64) func(*Settings) { return func(c *Settings) { c.MessageBytes = most } }

func connections(all, each int) func(*Settings) {
	return func(c *Settings) { c.Connections, c.ConnectionsPerAddress = all, each }
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
