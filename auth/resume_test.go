package auth_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
)

// stream logs in as a gateway does, and has the stream's identifier remembered.
func (w *ticketWorld) stream(t *testing.T, token, previous, id string) auth.Ticket {
	t.Helper()
	ticket := w.gatewayTicket(t, token, previous)
	w.use(t, ticket)
	if err := w.Remember(t.Context(), ticket, id); err != nil {
		t.Fatalf("not remembered: %v", err)
	}
	return ticket
}

func (w *ticketWorld) gatewayTicket(t *testing.T, token, previous string) auth.Ticket {
	t.Helper()
	ticket, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "gateway", Host: host, Token: token, Resumption: previous, Waiting: true})
	if err != nil {
		t.Fatalf("no ticket: %v", err)
	}
	return ticket
}

// use logs in with a ticket at the door where Prosody asks about it.
func (w *ticketWorld) use(t *testing.T, ticket auth.Ticket) {
	t.Helper()
	id, err := w.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: ticket.Text})
	if err != nil || id.Account != ticket.Account || id.Random != ticket.Random {
		t.Fatalf("a ticket for %q, random %v, logs in %+v, %v", ticket.Account, ticket.Random, id, err)
	}
}

func namelessToken(t testing.TB, jti string) string {
	return authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil, "jti": jti}))
}

func TestResumption(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := namelessToken(t, "1")
	first := w.stream(t, token, "", "stream-1")
	if !first.Random {
		t.Error("a ticket of a token that names no account is not said to be one")
	}
	if again := w.gatewayTicket(t, token, "stream-1"); again.Account != first.Account || !again.Random {
		t.Errorf("resumed as %q, want %q", again.Account, first.Account)
	}
	for name, id := range map[string]string{"no identifier": "", "another": "stream-2", "a part": "stream", "too long": strings.Repeat("x", 257)} {
		if other := w.gatewayTicket(t, token, id); other.Account == first.Account {
			t.Errorf("%s took the account", name)
		}
	}
	if other := w.gatewayTicket(t, namelessToken(t, "2"), "stream-1"); other.Account == first.Account {
		t.Error("another token took the account")
	}
	if alice := w.gatewayTicket(t, goodToken(t), "stream-1"); alice.Account != "alice" || alice.Random {
		t.Errorf("a token that names alice became %+v", alice)
	}

	// The client resumes, and later its stream has another identifier.
	w.use(t, w.gatewayTicket(t, token, "stream-1"))
	if again := w.gatewayTicket(t, token, "stream-1"); again.Account != first.Account {
		t.Error("a second login made the first forgotten")
	}
	w.stream(t, token, "stream-1", "stream-3")
	if old := w.gatewayTicket(t, token, "stream-1"); old.Account == first.Account {
		t.Error("a former identifier is still good")
	}
	if again := w.gatewayTicket(t, token, "stream-3"); again.Account != first.Account {
		t.Errorf("resumed once more as %q", again.Account)
	}
}

// TestResumptionEverywhere: a door that takes the token itself takes the account again, whether or not the token's
// verdict is in the cache.
func TestResumptionEverywhere(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := namelessToken(t, "1")
	first := w.stream(t, token, "", "stream-1")
	for range 2 {
		auth.ForgetVerdict(w.Verifier, token)
		for range 2 {
			id, err := w.Authenticate(t.Context(), auth.Credentials{Door: "dovecot", Host: host, Token: token, Resumption: "stream-1"})
			if err != nil || id.Account != first.Account || !id.Random {
				t.Errorf("%+v, %v", id, err)
			}
		}
	}
}

func TestResumptionEnds(t *testing.T) {
	c := authtest.Config(host)
	c.Hosts["other.example.com"] = c.Hosts[host]
	w := newTicketWorld(t, c)
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil, "sub": "*"}))
	first := w.stream(t, token, "", "stream-1")
	other, err := w.IssueTicket(t.Context(), auth.Credentials{Door: "gateway", Host: "other.example.com", Token: token, Resumption: "stream-1", Waiting: true})
	if err != nil || other.Account == first.Account {
		t.Errorf("at another host: %+v, %v", other, err)
	}
	second := w.stream(t, token, "", "stream-2")
	short := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil, "exp": w.now.Load().Add(time.Minute).Unix()}))
	w.stream(t, short, "", "stream-3")
	w.pass(time.Minute + 10*time.Second) // with the leeway
	if _, err := w.IssueTicket(t.Context(), auth.Credentials{Host: host, Token: short, Resumption: "stream-3"}); reasonOf(err) != auth.ReasonExpired {
		t.Errorf("with an expired token: %v", err)
	}
	if again := w.gatewayTicket(t, token, "stream-2"); again.Account != second.Account {
		t.Error("the end of one token ends the other's stream")
	}
}

// TestRemember: only a session that is there is remembered, and only one whose account nobody named.
func TestRemember(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	unused := w.gatewayTicket(t, namelessToken(t, "1"), "")
	if err := w.Remember(t.Context(), unused, "stream-1"); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("of a ticket that was not used: %v", err)
	}
	for _, id := range []string{"", strings.Repeat("x", 257)} {
		w.stream(t, namelessToken(t, "2"), "", id) // no error, and nothing is kept
	}
	w.stream(t, goodToken(t), "", "stream-1")
	if n := w.sessions.Streams(); n != 0 {
		t.Errorf("%d streams are remembered", n)
	}
	w.stream(t, namelessToken(t, "2"), "", strings.Repeat("x", 256))
	if n := w.sessions.Streams(); n != 1 {
		t.Errorf("%d streams are remembered", n)
	}
}

// TestRememberAsksTheSessions: what the sessions are told, and that their error is the answer.
func TestRememberAsksTheSessions(t *testing.T) {
	s := &scriptedSessions{resumable: map[string]string{}}
	v := verifierWith(t, s)
	nameless := authtest.Token(t, authtest.Claims(sessionHost, map[string]any{"context": nil}))
	named := authtest.Token(t, authtest.Claims(sessionHost, nil))
	for _, token := range []string{nameless, named} {
		ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Token: token, Waiting: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: ticket.Text}); err != nil {
			t.Fatal(err)
		}
		if err := v.Remember(t.Context(), ticket, "id"); err != nil {
			t.Fatal(err)
		}
		s.err = errors.New("disk full")
		if err := v.Remember(t.Context(), ticket, "id"); (err != nil) != ticket.Random {
			t.Errorf("random %v: %v", ticket.Random, err)
		}
		s.err = nil
	}
	id := s.recorded[0]
	want := fmt.Sprint(sessionHost, " ", id.Account, " ", id.TokenPrint, " id")
	if len(s.remembered) != 2 || s.remembered[0] != want {
		t.Errorf("remembered %q, want %q", s.remembered, want)
	}
	s.resumable[sessionHost+" "+id.TokenPrint+" id"] = "kept"
	ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Token: nameless, Resumption: "id"})
	if err != nil || ticket.Account != "kept" {
		t.Errorf("%+v, %v", ticket, err)
	}
}
