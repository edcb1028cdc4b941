package dovecot

import (
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
)

// TestTickets logs in with tickets of a real verifier, by each mechanism.
func TestTickets(t *testing.T) {
	const host = "meet.example.com"
	v, err := auth.New(authtest.Config(host), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	token := authtest.Token(t, authtest.Claims(host, nil))
	p := dial(t, unixServer(t, &Server{Auth: v, Anonymous: true})).handshake()
	for mechanism, message := range map[string]string{
		"PLAIN":       "\x00alice\x00TICKET",
		"OAUTHBEARER": "n,,\x01auth=Bearer TICKET\x01\x01",
		"ANONYMOUS":   "TICKET",
	} {
		ticket, err := v.IssueTicket(t.Context(), auth.Credentials{Door: "ticket", Host: host, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		line := "AUTH\t1\t" + mechanism + "\tservice=" + host + "\tresp=" + b64(strings.ReplaceAll(message, "TICKET", ticket.Text)) + "\n"
		p.send(line)
		p.expect("OK\t1\tuser=alice")
		p.send(line)
		if got := p.line(); strings.HasPrefix(got, "OK") {
			t.Errorf("%s: the ticket is good twice: %s", mechanism, got)
		}
	}
}

// TestAnonymousWithoutATicket: no trace but a ticket lets in, not even a token.
func TestAnonymousWithoutATicket(t *testing.T) {
	s := &stub{}
	p := dial(t, unixServer(t, &Server{Auth: s, Anonymous: true})).handshake()
	for _, response := range []string{"", "\tresp==", "\tresp=", "\tresp=" + b64("trace"), "\tresp=" + b64("ok-alice"), "\tresp=" + b64("ut-short")} {
		p.send("AUTH\t7\tANONYMOUS\tservice=h" + response + "\n")
		p.expect("FAIL\t7\treason=" + auth.ReasonTokenRequired.ClientText())
		for _, c := range s.questions() {
			if c != (auth.Credentials{Door: Door, Host: "h"}) {
				t.Errorf("%q: asked for %+v", response, c)
			}
		}
	}
}

func TestAnonymousIsAnnounced(t *testing.T) {
	for _, anonymous := range []bool{false, true} {
		p := dial(t, unixServer(t, &Server{Auth: &stub{}, Anonymous: anonymous}))
		if got := strings.Contains(p.greeting(), "MECH\tANONYMOUS\tanonymous\n"); got != anonymous {
			t.Errorf("announced: %v, want %v", got, anonymous)
		}
	}
}
