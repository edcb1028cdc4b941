package try

import (
	"context"
	"encoding/xml"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/admin"
)

// A witness is the daemon, as far as it tells what it saw of the trial.
type witness struct {
	*person
	status  *admin.Status // nil: the daemon does not answer
	refuses bool          // Prosody takes no inner token

	began  time.Time   // the login
	list   []*decision // of the daemon's, since then
	waited bool        // nothing more is to come of what was done last
	mute   string      // why the daemon tells none
}

// A decision is one of the daemon's last.
type decision struct{ admin.Decision }

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
	return d.Mend
}

// decideWithin is how long after an answer its record may take.
const decideWithin = time.Second

// acts notes that something is done which the daemon will decide about.
func (t *witness) acts() {
	t.waited = false
	if t.began.IsZero() {
		t.began = time.Now()
	}
}

// decided finds a decision of the daemon's about this trial.
func (t *witness) decided(ctx context.Context, wanted func(*decision) bool) (d *decision, found bool) {
	mine := func(d *decision) bool { return t.mine(d) && wanted(d) }
	if i := slices.IndexFunc(t.list, mine); i >= 0 {
		return t.list[i], true
	}
	if t.waited || t.cannotAsk() != "" {
		return nil, false
	}
	within, cancel := context.WithTimeout(ctx, decideWithin)
	defer cancel()
	t.list = nil
	q := url.Values{"all": {"true"}, "follow": {"true"}, "since": {t.began.UTC().Format(time.RFC3339Nano)}}
	err := admin.Follow(within, t.Config.Listen.Admin.Name, admin.DecisionsPath+"?"+q.Encode(),
		func(one admin.Decision) error {
			next := &decision{one}
			t.list = append(t.list, next)
			if mine(next) {
				d = next
				return errFound
			}
			return nil
		})
	switch t.waited = d == nil; {
	case d != nil:
	case err != nil && within.Err() == nil:
		t.mute = "the daemon does not tell what it decided: " + plainly(err)
	}
	return d, d != nil
}

// errFound ends the look at decisions.
var errFound = errors.New("found")

// plainly is the first line of an error.
func plainly(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// cannotAsk says why the daemon tells nothing of this trial; or nothing.
func (t *witness) cannotAsk() string {
	if t.status == nil {
		return "the daemon cannot be asked"
	}
	return t.mute
}

// unsure says why it means nothing that the daemon has decided nothing; or nothing.
func (t *witness) unsure() string {
	if t.status != nil && t.status.Cluster != "" {
		return "this usher has not seen it; another one of the cluster may have: try it there"
	}
	return t.cannotAsk()
}

// mine tells whether a decision is about this trial: one about nobody whom a signature proves may be.
func (t *witness) mine(d *decision) bool {
	id := &t.known.Identity
	bare, _, _ := strings.Cut(t.bound, "/")
	switch {
	case !d.login() && !strings.EqualFold(d.Room, t.address):
		return false
	case d.About == "room": // which names no account
		return true
	case d.Account == "" && d.User == "":
		return !d.Allowed() && (d.Door == "gateway") == (t.Target.URL != nil)
	case d.User != "" && d.User == id.AccountClaim:
		return true
	}
	return d.Account != "" && (strings.EqualFold(d.Account, bare) || strings.EqualFold(d.Account, id.JID()))
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}
