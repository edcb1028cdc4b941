package login

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/gateway/stanza"
)

const (
	sasl      = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
	anonymous = `<auth ` + sasl + ` mechanism="ANONYMOUS"/>`
	password  = `<auth ` + sasl + ` mechanism="PLAIN">AA==</auth>`
)

// fakeTickets gives one for the token good, and keeps what it was asked.
type fakeTickets struct {
	asked     []auth.Credentials
	cancelled []string
}

// IssueTicket implements [Tickets].
func (f *fakeTickets) IssueTicket(_ context.Context, c auth.Credentials) (auth.Ticket, error) {
	f.asked = append(f.asked, c)
	switch {
	case c.Problem != nil:
		return auth.Ticket{}, c.Problem
	case c.Token == "good":
		return auth.Ticket{Host: c.Host, Account: "alice", Text: fmt.Sprint("ticket ", len(f.asked))}, nil
	case c.Token == "late":
		return auth.Ticket{}, auth.Refuse(auth.ReasonExpired, "as asked")
	}
	return auth.Ticket{}, errors.New("no refusal")
}

// CancelTicket implements [Tickets].
func (f *fakeTickets) CancelTicket(text string) { f.cancelled = append(f.cancelled, text) }

// TicketWaits implements [Tickets].
func (f *fakeTickets) TicketWaits(string) bool { return false }

func parse(t *testing.T, s string) stanza.Element {
	t.Helper()
	e, err := stanza.Parse([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestJudge(t *testing.T) {
	failure := func(condition string, r auth.Reason) Verdict {
		return Verdict{Begins: true, Failure: stanza.Failure(condition, r.ClientText())}
	}
	withTicket := strings.Replace(anonymous, "/>", ">"+base64.StdEncoding.EncodeToString([]byte("ticket 1"))+"</auth>", 1)
	for _, row := range []struct {
		name     string
		c        Credentials
		underWay bool
		said     string
		want     Verdict
		asks     int
	}{
		{"a token", Credentials{Token: "good"}, false, anonymous, Verdict{Begins: true, Rewritten: []byte(withTicket)}, 1},
		{"a token, guests", Credentials{Token: "good", Guests: true}, false, anonymous, Verdict{Begins: true, Rewritten: []byte(withTicket)}, 1},
		{"refused", Credentials{Token: "late", Guests: true}, false, anonymous, failure("not-authorized", auth.ReasonExpired), 1},
		{"no refusal", Credentials{Token: "else"}, false, anonymous, failure("temporary-auth-failure", auth.ReasonInternalError), 1},
		{"unreadable", Credentials{Problem: auth.Refuse(auth.ReasonMalformedRequest, "x")}, false, password, failure("not-authorized", auth.ReasonMalformedRequest), 1},
		{"no token", Credentials{}, false, anonymous, failure("not-authorized", auth.ReasonTokenRequired), 1},
		{"a password", Credentials{Token: "good"}, false, password, failure("not-authorized", auth.ReasonUnsupportedMechanism), 1},
		{"a guest", Credentials{Guests: true}, false, anonymous, Verdict{Begins: true}, 0},
		{"a guest's password", Credentials{Guests: true}, false, password, Verdict{Begins: true, GoesOn: true}, 0},
		{"a step", Credentials{Guests: true}, true, `<response ` + sasl + `/>`, Verdict{GoesOn: true}, 0},
		{"an end", Credentials{Guests: true}, true, `<abort ` + sasl + `/>`, Verdict{}, 0},
	} {
		f := &fakeTickets{}
		v, err := (&Exchange{Tickets: f}).Judge(t.Context(), &row.c, "Meet.Example.com", row.underWay, parse(t, row.said))
		if err != nil || v.Begins != row.want.Begins || v.GoesOn != row.want.GoesOn || v.Failure != row.want.Failure ||
			string(v.Rewritten) != string(row.want.Rewritten) || (v.Ticket.Text != "") != (v.Rewritten != nil) {
			t.Errorf("%s: %+v, %v", row.name, v, err)
		}
		if len(f.asked) != row.asks || len(f.cancelled) > 0 {
			t.Errorf("%s: asked %v, cancelled %v", row.name, f.asked, f.cancelled)
		}
		for _, c := range f.asked {
			if c.Door != Door || c.Host != "meet.example.com" || !c.Waiting || c.Token != row.c.Token {
				t.Errorf("%s: asked %+v", row.name, c)
			}
		}
	}
}

// TestNoPlaceForATicket: the ticket of a login that cannot hold it is cancelled.
func TestNoPlaceForATicket(t *testing.T) {
	f := &fakeTickets{}
	x := &Exchange{Tickets: f}
	_, err := x.Judge(t.Context(), &Credentials{Token: "good"}, "h", false, parse(t, `<auth `+sasl+` mechanism="ANONYMOUS"><x/></auth>`))
	if err == nil || errors.Is(err, ErrForbidden) || strings.Join(f.cancelled, ",") != "ticket 1" {
		t.Errorf("%v, cancelled %v", err, f.cancelled)
	}
	if _, err = x.Judge(t.Context(), &Credentials{Token: "good"}, "h", false, parse(t, `<message/>`)); !errors.Is(err, ErrForbidden) {
		t.Error(err)
	}
	if x.Cancel(""); len(f.cancelled) != 1 {
		t.Errorf("cancelled %q", f.cancelled)
	}
}

// TestProgress: a ticket is to be cancelled until the login has succeeded, and
// the client may go on with a login until it is over.
func TestProgress(t *testing.T) {
	var p Progress
	is := func(step string, trying, underWay, loggedIn bool, account string) {
		t.Helper()
		if p.Trying() != trying || p.UnderWay() != underWay || p.LoggedIn().Load() != loggedIn || p.Account() != account {
			t.Errorf("%s: trying %v, under way %v, logged in %v, account %q", step, p.Trying(), p.UnderWay(), p.LoggedIn().Load(), p.Account())
		}
	}
	is("new", false, false, false, "")
	if before := p.Begin(Verdict{Begins: true, GoesOn: true}, nil); before != "" {
		t.Errorf("a ticket %q before the first login", before)
	}
	is("a password", true, true, false, "")
	p.Continue(Verdict{GoesOn: true})
	is("a step", true, true, false, "")
	p.Fail()
	is("refused", true, false, false, "")
	p.Begin(Verdict{Begins: true, Ticket: auth.Ticket{Host: "h", Account: "alice", Text: "1"}}, []byte("again"))
	is("a token", true, false, false, "")
	if element, ticket := p.Repeat(); string(element) != "again" || ticket != "1" {
		t.Errorf("to be sent again: %q, %q", element, ticket)
	}
	if element, _ := p.Repeat(); element != nil {
		t.Errorf("to be sent again: %q", element)
	}
	if before := p.Begin(Verdict{Begins: true, Ticket: auth.Ticket{Host: "h", Account: "bob", Text: "2", Random: true}}, nil); before != "1" {
		t.Errorf("the ticket before is %q", before)
	}
	if used := p.Succeed(); used.Text != "2" || !used.Random {
		t.Errorf("used %+v", used)
	}
	is("logged in", false, false, true, "bob@h")
	if left := p.Abandon(); left != "" || p.Name() != "" {
		t.Errorf("%q is left, of %q", left, p.Name())
	}
	is("over", false, false, true, "bob@h")
	var q Progress
	q.Resume("alice@h")
	if !q.LoggedIn().Load() || q.Account() != "alice@h" {
		t.Errorf("resumed: %q", q.Account())
	}
}
