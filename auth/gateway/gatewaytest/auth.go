package gatewaytest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"usher/auth"
)

// Tokens that the fake authenticator knows, all with a word in them that must be
// in no log.
const (
	SecretWord = "sesame"
	AliceToken = "ok:alice:sesame.sesame.sesame.sesame.1"
	BobToken   = "ok:bob:sesame.sesame.sesame.sesame.2"
	AnyToken   = "any:r4nd0m:sesame.sesame.sesame.sesame.3" // for a random account
	PanicToken = "panic::sesame.sesame.sesame.sesame.4"
	TicketText = "ut-ticket-"
)

// RefusedToken is one that is refused for a reason.
func RefusedToken(r auth.Reason) string { return "no:" + string(r) + ":sesame.sesame.sesame.sesame.5" }

// Auth decides by the token alone. Its tickets wait until the test uses them
// or the gateway cancels them.
type Auth struct {
	Ask         func(context.Context, auth.Credentials) // runs before the decision
	Remembering func()                                  // runs before an account is remembered
	Panics      bool                                    // where no decision is asked for

	mu         sync.Mutex
	asked      []auth.Credentials
	waiting    map[string]bool
	cancelled  []string
	remembered []string
}

// IssueTicket implements the gateway's Authenticator.
func (f *Auth) IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error) {
	if f.Ask != nil {
		f.Ask(ctx, c)
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
		text := fmt.Sprint(TicketText, len(f.asked))
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

// CancelTicket implements the gateway's Authenticator.
func (f *Auth) CancelTicket(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cancelled = append(f.cancelled, text)
	delete(f.waiting, text)
	if f.Panics {
		panic(text)
	}
}

// TicketWaits implements the gateway's Authenticator.
func (f *Auth) TicketWaits(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting[text]
}

// Remember implements the gateway's Authenticator.
func (f *Auth) Remember(_ context.Context, t auth.Ticket, resumption string) error {
	if f.Remembering != nil {
		f.Remembering()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remembered = append(f.remembered, t.Account+" "+resumption)
	return nil
}

// Use has a ticket be used, as Prosody's question does.
func (f *Auth) Use(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, text)
}

// Questions are those asked so far.
func (f *Auth) Questions() []auth.Credentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]auth.Credentials(nil), f.asked...)
}

// Left are the tickets that nobody used or cancelled.
func (f *Auth) Left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiting)
}

// Cancelled are the tickets that were cancelled.
func (f *Auth) Cancelled() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.cancelled, ", ")
}

// Remembered are the accounts that were remembered, and their streams.
func (f *Auth) Remembered() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.remembered, ", ")
}

// Reset forgets all.
func (f *Auth) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked, f.waiting, f.cancelled, f.remembered = nil, nil, nil, nil
}

// Rooms keeps the joins it is told of.
type Rooms struct {
	Hook   func(context.Context) // runs before it returns
	Closed string                // a room that nobody may join

	mu    sync.Mutex
	joins []string
}

// BeforeJoin implements the gateway's Joiner.
func (f *Rooms) BeforeJoin(ctx context.Context, user, room string) (refused string) {
	f.mu.Lock()
	f.joins = append(f.joins, user+" "+room)
	f.mu.Unlock()
	if f.Hook != nil {
		f.Hook(ctx)
	}
	if room == f.Closed {
		return "room_mismatch"
	}
	return ""
}

// Told returns the joins so far.
func (f *Rooms) Told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.joins, ", ")
}
