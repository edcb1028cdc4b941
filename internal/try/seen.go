package try

import (
	"context"
	"encoding/xml"
	"net/url"
	"strings"
	"time"

	"usher/internal/admin"
)

// What a trial notes for the hops that follow.
type seen struct {
	attempt attempt
	address string    // of the room to join
	began   time.Time // the login
	apart   time.Duration
	dated   bool
	mute    string // why the daemon tells no decisions
}

// A decision is one of the daemon's last, as GET /decisions has it.
type decision struct {
	Time    time.Time `json:"time"`
	About   string    `json:"about"`
	LoginID string    `json:"login"`
	Door    string    `json:"door"`
	Result  string    `json:"result"`
	Reason  string    `json:"reason"`
	Detail  string    `json:"detail"`
	Account string    `json:"account"`
	User    string    `json:"user"`
	Room    string    `json:"room"`
	Help    string    `json:"mend"`
}

func (d *decision) allowed() bool { return d.Result == "allowed" }

// login tells whether it is about a login, or about the ticket for one.
func (d *decision) login() bool { return d.About == "login" || d.About == "ticket" }

// why and mend are the two halves of a refusal.
func (d *decision) why() string {
	seen, _, _ := strings.Cut(d.Detail, "; ")
	return d.Reason + ": " + seen
}

func (d *decision) mend() string {
	if _, mend, found := strings.Cut(d.Detail, "; "); found {
		return mend
	}
	return d.Help
}

// decideWithin is how long after an answer its record may take, and between two looks at that.
const (
	decideWithin = time.Second
	decideAgain  = 50 * time.Millisecond
)

// decided finds a decision of the daemon's about this trial.
func (t *Trial) decided(ctx context.Context, wanted func(*decision) bool) (d *decision, found bool) {
	if t.cannotAsk() != "" {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, decideWithin)
	defer cancel()
	for {
		var list []decision
		q := url.Values{"all": {"true"}, "since": {t.seen.began.UTC().Format(time.RFC3339Nano)}}
		if err := t.ask(ctx, "GET", "/decisions?"+q.Encode(), &list); err != nil {
			if t.seen.mute == "" && ctx.Err() == nil {
				t.seen.mute = "the daemon is an older one, and does not tell what it decided"
			}
			return nil, false
		}
		for i := range list {
			if t.mine(&list[i]) && wanted(&list[i]) {
				return &list[i], true
			}
		}
		select {
		case <-ctx.Done():
			return nil, false
		case <-time.After(decideAgain):
		}
	}
}

// cannotAsk says why the daemon tells nothing of this trial; or nothing.
func (t *Trial) cannotAsk() string {
	if t.status == nil {
		return "the daemon cannot be asked"
	}
	return t.seen.mute
}

// mine tells whether a decision is about this trial: one about nobody whom a signature proves may be.
func (t *Trial) mine(d *decision) bool {
	id := &t.known.Identity
	bare, _, _ := strings.Cut(t.bound, "/")
	switch {
	case d.Account == "" && d.User == "":
		return !d.allowed()
	case d.User != "" && d.User == id.AccountClaim:
		return true
	}
	return strings.EqualFold(d.Account, bare) || strings.EqualFold(d.Account, id.JID())
}

// findSession returns the daemon's session of the token, or nil.
func (t *Trial) findSession(ctx context.Context) (*admin.Session, error) {
	var list []admin.Session
	if err := t.ask(ctx, "GET", "/sessions", &list); err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Token == t.known.Identity.TokenPrint {
			return &list[i], nil
		}
	}
	return nil, nil
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
