package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
	"usher/metrics"
)

// outcomes count and log what was decided.
type outcomes struct {
	log     *slog.Logger
	metrics *metrics.Metrics
	last    Recorder // may be nil
	doors   sync.Map // name → *metrics.Door
}

// A Recorder keeps the last logins that were decided. It must not block.
type Recorder interface {
	Login(d Decided)
}

// A Decided is a login that was decided, and was answered where its door has a [Later].
type Decided struct {
	Credentials Credentials // Token is the one that was judged, also where a ticket was given
	ID          Identity    // as a [Decision] has it
	Host        string      // of the configuration, as far as the login came; empty: none of it
	Issuer      string      // likewise, though no signature may prove it
	Refusal     *Refusal    // nil: it was let in
	Failed      string      // the check that refused it; empty: none of the list
	Ticket      bool        // what it was let in to is a ticket, for a login that follows
	Took        time.Duration
}

// door resolves the counters of a door once; there is one per package below.
func (o *outcomes) door(name string) *metrics.Door {
	if d, ok := o.doors.Load(name); ok {
		return d.(*metrics.Door)
	}
	var denied, undecided []string
	for _, r := range Reasons() {
		if r.Undecided() {
			undecided = append(undecided, string(r))
		} else {
			denied = append(denied, string(r))
		}
	}
	d, _ := o.doors.LoadOrStore(name, o.metrics.Door(name, denied, undecided))
	return d.(*metrics.Door)
}

// logLogin writes the one line of a login that was let in, or of a ticket.
func (o *outcomes) logLogin(ctx context.Context, message string, c *Credentials, id *Identity, took time.Duration) {
	if !o.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 9), slog.String("door", c.Door), logattr.Account(id.account()),
		slog.String("issuer", id.Issuer), slog.String("key", id.KeyID), slog.String("token_id", text.Name(id.TokenID)),
		logattr.Login(id.LoginID))
	attrs = append(attrs, logattr.Person(id.DisplayID, id.DisplayName)...)
	o.log.LogAttrs(ctx, slog.LevelInfo, message, append(attrs, slog.Duration("took", took))...)
}

// logRefusal writes the one line of a login that was not. Account, issuer and
// key are told only if a signature proves them; what the client merely said is
// called name.
func (o *outcomes) logRefusal(ctx context.Context, c *Credentials, id *Identity, r *Refusal, took time.Duration) {
	level, message := slog.LevelInfo, "login refused"
	if r.Reason.Undecided() {
		message = "login not decided"
		if !r.routine && r.Reason != ReasonInterrupted { // a stranger can write a new kid into a token
			level = slog.LevelError
		}
	}
	if !o.log.Enabled(ctx, level) {
		return
	}
	attrs := append(make([]slog.Attr, 0, 12), slog.String("door", c.Door), slog.String("reason", string(r.Reason)),
		slog.String("detail", r.Detail), logattr.Host(c.Host), slog.String("name", text.Name(c.Name)),
		logattr.Account(id.account()), slog.String("issuer", id.Issuer), slog.String("key", id.KeyID),
		logattr.Login(id.LoginID))
	attrs = append(attrs, logattr.Person(id.DisplayID, id.DisplayName)...)
	o.log.LogAttrs(ctx, level, message, append(attrs, slog.Duration("took", took))...)
}
