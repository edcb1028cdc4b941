package login

import (
	"path/filepath"
	"slices"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/tokens"
)

// TestTicket logs in with tickets through mod_auth_dovecot: as a password, as a bearer token, and as the trace of
// ANONYMOUS, which Prosody relays unchanged.
func TestTicket(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := &world{verifier: newVerifier(t, config(authtest.Secret))}
		w.shared = &door{t: t, path: filepath.Join(t.TempDir(), "auth.sock"), auth: w.verifier, anon: true}
		w.shared.open()
		t.Cleanup(w.shared.close)
		w.prosody = prosodytest.Start(t, prosody.Config{Version: v, Hosts: []prosody.Host{
			{Name: meet, Lines: hostLines(w.shared, meet)}, {Name: unicode, Lines: hostLines(w.shared, unicode)},
		}})
		t.Run("mechanisms", func(t *testing.T) {
			s, err := w.dial(t, meet, client.Anonymous(w.ticket(t, nil).Text))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got := s.Mechanisms(); !slices.Equal(got, []string{"ANONYMOUS", "OAUTHBEARER", "PLAIN"}) {
				t.Errorf("offered: %q", got)
			}
		})
		for name, login := range map[string]func(ticket auth.Ticket) client.Login{
			"PLAIN":       func(ticket auth.Ticket) client.Login { return client.Plain(ticket.Account, ticket.Text) },
			"OAUTHBEARER": func(ticket auth.Ticket) client.Login { return client.Bearer(ticket.Text) },
			"ANONYMOUS":   func(ticket auth.Ticket) client.Login { return client.Anonymous(ticket.Text) },
		} {
			t.Run(name, func(t *testing.T) { w.ticketFacts(t, login) })
		}
		t.Run("no ticket", func(t *testing.T) {
			for _, l := range []client.Login{
				client.Anonymous(""), client.Anonymous("trace"), client.Anonymous(tokens.Sign(t, meet,
					nil)), client.Anonymous("").WithoutInitial(),
			} {
				if r := w.refuse(t, meet, l); r.Text != auth.ReasonTokenRequired.ClientText() {
					t.Errorf("with %q: %v", l.Initial, r)
				}
			}
		})
	})
}

// ticket makes one from a token of meet.
func (w *world) ticket(t *testing.T, more map[string]any) auth.Ticket {
	t.Helper()
	ticket, err := w.verifier.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: meet,
		Token: tokens.Sign(t, meet, more)})
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func (w *world) ticketFacts(t *testing.T, login func(auth.Ticket) client.Login) {
	for _, account := range []string{"alice", "user@gmail.com"} {
		ticket := w.ticket(t, tokens.Called(account))
		if got := w.login(t, meet, login(ticket)); got != ticket.JID() {
			t.Errorf("became %s, want %s", got, ticket.JID())
		}
		if r := w.refuse(t, meet, login(ticket)); r.Text != auth.ReasonUnknownTicket.ClientText() {
			t.Errorf("a second time: %v", r)
		}
	}
	if r := w.refuse(t, unicode, login(w.ticket(t, nil))); r.Text != auth.ReasonUnknownTicket.ClientText() {
		t.Errorf("at another host: %v", r)
	}
	random := w.ticket(t, map[string]any{"context": nil})
	if got := w.login(t, meet, login(random)); got != random.JID() {
		t.Errorf("became %s, the ticket said %s", got, random.JID())
	}
}
