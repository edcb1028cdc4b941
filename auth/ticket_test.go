package auth_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
	"usher/metrics"
)

const otherSecret = "b1946ac92492d2347c6235b4d2611184e0f3a9c58d7b6420fe91d3c7a8502e6b"

// A ticketWorld is a verifier with a clock of its own.
type ticketWorld struct {
	*auth.Verifier
	now      atomic.Pointer[time.Time]
	m        *metrics.Metrics
	sessions *authtest.Sessions
}

func newTicketWorld(t *testing.T, c auth.Config) *ticketWorld {
	t.Helper()
	w := &ticketWorld{m: metrics.New("")}
	start := time.Now()
	w.now.Store(&start)
	clock := func() time.Time { return *w.now.Load() }
	w.sessions = authtest.NewSessions(clock)
	v, err := auth.New(c, auth.Options{Metrics: w.m, Now: clock, Sessions: w.sessions})
	if err != nil {
		t.Fatal(err)
	}
	w.Verifier = v
	return w
}

func (w *ticketWorld) pass(d time.Duration) {
	later := w.now.Load().Add(d)
	w.now.Store(&later)
}

func (w *ticketWorld) issue(t *testing.T, token string) auth.Ticket {
	t.Helper()
	ticket, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: token})
	if err != nil {
		t.Fatalf("no ticket: %v", err)
	}
	return ticket
}

// login uses a password at a door where the client names itself.
func (w *ticketWorld) login(t *testing.T, name, password string) (auth.Identity, auth.Reason) {
	t.Helper()
	id, err := w.Authenticate(t.Context(), auth.Credentials{Door: "extauth", Host: host, Name: name, NameRequired: true, Token: password})
	return id, reasonOf(err)
}

func (w *ticketWorld) expect(t *testing.T, name, password string, want auth.Reason) {
	t.Helper()
	if id, got := w.login(t, name, password); got != want {
		t.Errorf("login as %q: %+v, reason %q; want %q", name, id, got, want)
	}
}

func goodToken(t testing.TB) string { return authtest.Token(t, authtest.Claims(host, nil)) }

func TestTicketLogsInOnce(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.issue(t, goodToken(t))
	if len(ticket.Text) > 43 || !auth.IsTicket(ticket.Text) || ticket.JID() != "alice@"+host || ticket.ExpiresIn != time.Minute {
		t.Errorf("got %q of %d bytes, %+v", ticket.Text, len(ticket.Text), ticket)
	}
	id, reason := w.login(t, "alice", ticket.Text)
	if reason != "" || id.JID() != "alice@"+host || id.Random || id.Issuer != authtest.Issuer || id.KeyID == "" || id.Expires.IsZero() {
		t.Errorf("the ticket gave %+v, %q", id, reason)
	}
	w.expect(t, "alice", ticket.Text, auth.ReasonUnknownTicket)
}

func TestTicketIsBound(t *testing.T) {
	c := authtest.Config(host)
	c.Hosts["other.example.com"] = c.Hosts[host]
	w := newTicketWorld(t, c)
	w.expect(t, "bob", w.issue(t, goodToken(t)).Text, auth.ReasonAccountMismatch)

	ticket := w.issue(t, goodToken(t))
	for i, want := range []auth.Reason{auth.ReasonUnknownTicket, auth.ReasonUnknownTicket} { // the wrong host, then used up
		h := []string{"other.example.com", host}[i]
		_, err := w.Authenticate(t.Context(), auth.Credentials{Door: "extauth", Host: h, Name: "alice", Token: ticket.Text})
		if got := reasonOf(err); got != want {
			t.Errorf("at %s: %q, want %q", h, got, want)
		}
	}
	_, err := w.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Authzid: "bob@" + host, Token: w.issue(t, goodToken(t)).Text})
	if got := reasonOf(err); got != auth.ReasonAccountMismatch {
		t.Errorf("with another's authzid: %q", got)
	}
}

// TestTicketOfAnotherAccount: a ticket is for the account that it was given for, also where a reload has its token name
// another.
func TestTicketOfAnotherAccount(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.issue(t, goodToken(t))
	if err := w.Reload(hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) {
		h.Account = []claim.Path{{"context", "user", "email"}}
	})); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: ticket.Text}); reasonOf(err) != auth.ReasonUnknownTicket {
		t.Errorf("it logs in as %q: %v", id.Account, err)
	}
}

func TestTicketIsGuessedByNobody(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.issue(t, goodToken(t))
	last := ticket.Text[len(ticket.Text)-1]
	other := byte('A')
	if last == other {
		other = 'B'
	}
	for _, guess := range []string{
		ticket.Text[:len(ticket.Text)-1] + string(other), // the right place, another secret
		strings.ToLower(ticket.Text),
		ticket.Text[:len(ticket.Text)-1],
		ticket.Text + "A",
		"ut-" + strings.Repeat("A", len(ticket.Text)-3),
	} {
		if _, reason := w.login(t, "alice", guess); reason != auth.ReasonUnknownTicket && reason != auth.ReasonMalformed {
			t.Errorf("%q: reason %q", guess, reason)
		}
	}
	w.expect(t, "alice", ticket.Text, "") // guesses do not use it up
}

func TestTicketEnds(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	early, late := w.issue(t, goodToken(t)), w.issue(t, goodToken(t))
	w.pass(time.Minute - 1)
	w.expect(t, "alice", early.Text, "")
	w.pass(1)
	w.expect(t, "alice", late.Text, auth.ReasonUnknownTicket)

	// The token ends before its ticket: the token's end counts.
	short := authtest.Token(t, authtest.Claims(host, map[string]any{"exp": w.now.Load().Add(20 * time.Second).Unix()}))
	ticket := w.issue(t, short)
	w.pass(31 * time.Second) // with the leeway
	w.expect(t, "alice", ticket.Text, auth.ReasonExpired)
}

func TestTicketOfATicketEndsWithIt(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	first := w.issue(t, goodToken(t))
	w.pass(50 * time.Second)
	second := w.issue(t, first.Text)
	if second.ExpiresIn != 10*time.Second {
		t.Errorf("the second ticket waits for %v", second.ExpiresIn)
	}
	w.expect(t, "alice", first.Text, auth.ReasonUnknownTicket)
	w.pass(10 * time.Second)
	w.expect(t, "alice", second.Text, auth.ReasonUnknownTicket)
}

func TestTicketTellsARandomAccount(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	nameless := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil}))
	w.expect(t, "alice", nameless, auth.ReasonAccountMismatch) // this door cannot tell the account
	a, b := w.issue(t, nameless), w.issue(t, nameless)
	if a.Account == b.Account || len(a.Account) < 20 {
		t.Fatalf("accounts %q and %q", a.Account, b.Account)
	}
	w.expect(t, b.Account, a.Text, auth.ReasonAccountMismatch)
	id, reason := w.login(t, b.Account, b.Text)
	if reason != "" || id.Account != b.Account || !id.Random {
		t.Errorf("got %+v, %q", id, reason)
	}
	// The account was the ticket's: the token still names none.
	if c := w.issue(t, nameless); c.Account == b.Account {
		t.Error("a ticket's account stuck to its token")
	}
}

func TestTicketDiesWithTheKey(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket, kept := w.issue(t, goodToken(t)), w.issue(t, goodToken(t))
	reload := func(secrets ...string) {
		t.Helper()
		if err := w.Reload(authtest.ConfigWith(host, secrets...)); err != nil {
			t.Fatal(err)
		}
	}
	reload(otherSecret, authtest.Secret)
	w.expect(t, "alice", kept.Text, "") // the same secret, read again
	reload(otherSecret)
	w.expect(t, "alice", ticket.Text, auth.ReasonBadSignature)
}

// TestTicketDiesWithItsToken: a ticket is as good as its token is when it is used.
func TestTicketDiesWithItsToken(t *testing.T) {
	s := &scriptedSessions{revoked: map[string]bool{}}
	v := verifierWith(t, s)
	issue := func(claims map[string]any) auth.Ticket {
		t.Helper()
		ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Token: authtest.Token(t, authtest.Claims(sessionHost, claims))})
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	login := func(ticket auth.Ticket) auth.Reason {
		_, err := v.Authenticate(t.Context(), auth.Credentials{Door: "extauth", Token: ticket.Text})
		return reasonOf(err)
	}
	first, later, other := issue(nil), issue(nil), issue(map[string]any{"jti": "another"})
	if got := login(first); got != "" {
		t.Fatal(got)
	}
	s.revoked[s.recorded[0].TokenPrint] = true
	if got := login(later); got != auth.ReasonRevoked {
		t.Errorf("a ticket of a revoked token: %q", got)
	}
	if got := login(other); got != "" {
		t.Errorf("a ticket of another token: %q", got)
	}
	if ticket := issue(map[string]any{"exp": time.Now().Add(20 * time.Second).Unix()}); ticket.ExpiresIn > 30*time.Second || ticket.ExpiresIn < 28*time.Second {
		t.Errorf("a ticket of a token that is over in 30 s is good for %v", ticket.ExpiresIn)
	}
}

func TestTicketsOfATokenAreBounded(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := goodToken(t)
	var tickets []auth.Ticket
	for range 17 {
		tickets = append(tickets, w.issue(t, token))
	}
	w.expect(t, "alice", tickets[0].Text, auth.ReasonUnknownTicket)
	w.expect(t, "alice", tickets[1].Text, "")
	w.expect(t, "alice", tickets[16].Text, "")
}

func TestTicketsAreBounded(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	var first auth.Ticket
	given := 0
	for i := range 20000 {
		token := authtest.Token(t, authtest.Claims(host, map[string]any{"jti": fmt.Sprint(i)}))
		ticket, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: token})
		if err != nil {
			if reason := reasonOf(err); reason != auth.ReasonOverloaded || !reason.Undecided() {
				t.Fatal(err)
			}
			break
		}
		if given++; given == 1 {
			first = ticket
		}
	}
	if given != 16384 {
		t.Errorf("%d tickets wait", given)
	}
	w.expect(t, "alice", first.Text, "") // nobody was pushed out
	w.pass(time.Minute)
	w.issue(t, goodToken(t)) // the old ones make room
}

// TestTicketBytesAreBounded fills the table with tokens near the size limit.
func TestTicketBytesAreBounded(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	bytes := 0
	for i := 0; ; i++ {
		token := authtest.Token(t, authtest.Claims(host, map[string]any{"jti": fmt.Sprint(i), "pad": strings.Repeat("x", 5700)}))
		_, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: token})
		if reasonOf(err) == auth.ReasonOverloaded {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if bytes += len(token); bytes > 32<<20 {
			t.Fatalf("%d MiB of tokens are kept", bytes>>20)
		}
	}
	if bytes < 31<<20 {
		t.Errorf("full with %d bytes", bytes)
	}
}

func TestTicketIsUsedOnceByMany(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.issue(t, goodToken(t))
	var in atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := w.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: ticket.Text}); err == nil {
				in.Add(1)
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d logins with one ticket", in.Load())
	}
}

func TestTicketIsRefusedLikeItsToken(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	forged := authtest.TokenBy(t, otherSecret, authtest.Claims(host, nil))
	_, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: forged})
	if reasonOf(err) != auth.ReasonBadSignature {
		t.Errorf("a ticket for a forged token: %v", err)
	}
	report := w.Explain(auth.Credentials{Host: host, Token: w.issue(t, goodToken(t)).Text})
	if report.Allowed || report.Reason != auth.ReasonMalformed {
		t.Errorf("explained as %+v", report)
	}
}

func TestTicketKeepsOutOfLogs(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	ticket := w.issue(t, goodToken(t))
	var b strings.Builder
	slog.New(slog.NewTextHandler(&b, nil)).Info("given", "ticket", ticket)
	if strings.Contains(b.String(), ticket.Text[3:]) || !strings.Contains(b.String(), "alice@") {
		t.Errorf("logged as %s", b.String())
	}
}

func TestTicketsAreCounted(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	used, unused := w.issue(t, goodToken(t)), w.issue(t, goodToken(t))
	w.login(t, "alice", used.Text)
	w.login(t, "alice", used.Text)
	w.pass(time.Hour / 2)
	w.login(t, "alice", unused.Text)
	for result, want := range map[metrics.TicketResult]float64{
		metrics.TicketIssued: 2, metrics.TicketRedeemed: 1, metrics.TicketUnknown: 1, metrics.TicketExpired: 1, metrics.TicketDropped: 0,
	} {
		if got := counter(t, w.m, metrics.Tickets, "result", result.String()); got != want {
			t.Errorf("%s: %v, want %v", result, got, want)
		}
	}
}
