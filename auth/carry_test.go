package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/ticket"
)

// A carrier brings tickets to another usher, or fails.
type carrier struct {
	to      *auth.Verifier // nil: they are used here
	err     error
	carried int
}

func (c *carrier) CarryTicket(_ context.Context, text string, r ticket.Record) (bool, error) {
	if c.err != nil || c.to == nil {
		return false, c.err
	}
	c.carried++
	return true, func() error {
		if !c.to.AcceptTicket(text, r) {
			return errors.New("not accepted")
		}
		return nil
	}()
}

// TestCarriedTicket: a ticket that another usher is to use is good there, once, and here no more; one that cannot be
// brought there is none; those of logins that are under way stay here.
func TestCarriedTicket(t *testing.T) {
	of := func(c auth.TicketCarrier) *auth.Verifier {
		t.Helper()
		v, err := auth.New(authtest.Config(sessionHost), auth.Options{Sessions: authtest.NewSessions(nil), Carrier: c})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	there := of(nil)
	by := &carrier{to: there}
	here := of(by)
	token := authtest.Token(t, authtest.Claims(sessionHost, nil))
	use := func(v *auth.Verifier, text string) error {
		_, err := v.Authenticate(t.Context(), auth.Credentials{Token: text})
		return err
	}
	given, err := here.IssueTicket(t.Context(), auth.Credentials{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	if use(here, given.Text) == nil || use(there, given.Text) != nil || use(there, given.Text) == nil {
		t.Error("it is not good there alone, and once")
	}
	if given, err = here.IssueTicket(t.Context(), auth.Credentials{Token: token, Waiting: true}); err != nil || by.carried != 1 || use(here, given.Text) != nil {
		t.Errorf("that of a login under way is carried, or not good: %v", err)
	}
	by.err = errors.New("the engine is away")
	given, err = here.IssueTicket(t.Context(), auth.Credentials{Token: token})
	if refusal := auth.RefusalOf(err); refusal == nil || refusal.Reason != auth.ReasonClusterStale || here.TicketWaits(given.Text) {
		t.Errorf("it cannot be brought there: %v, %v", given, err)
	}
	by.err, by.to = nil, nil
	if given, err = here.IssueTicket(t.Context(), auth.Credentials{Token: token}); err != nil || use(here, given.Text) != nil {
		t.Errorf("it is used here: %v", err)
	}
	odd := ticket.Record{Host: sessionHost, Token: token, Until: time.Now().Add(time.Hour)}
	if there.AcceptTicket("no ticket", odd) || there.AcceptTicket(given.Text, odd) || there.AcceptTicket(given.Text, ticket.Record{Token: token}) {
		t.Error("what is no ticket, or lasts too long, or is over, is accepted")
	}
}
