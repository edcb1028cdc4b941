package unasked

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"usher/metrics"
	"usher/moderation"
)

// Options are the collaborators of a [Reporter]. A nil Log or Metrics is a no-op.
type Options struct {
	Limits  Limits
	Policy  func() *moderation.Policy // that in force
	Log     *slog.Logger
	Metrics *metrics.Metrics
}

// A Reporter is a [Book], and tells operators what is found in it.
type Reporter struct {
	*Book
	policy  func() *moderation.Policy
	log     *slog.Logger
	metrics *metrics.Metrics
}

// NewReporter returns one with an empty book.
func NewReporter(o Options) *Reporter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = metrics.New("")
	}
	return &Reporter{New(o.Limits), o.Policy, o.Log, o.Metrics}
}

// Saw compares the occupants of a room with the accounts that Prosody asked about. Only
// those count that log in at the room's host, or at its guests': others are Prosody's own
// affair.
func (r *Reporter) Saw(ctx context.Context, muc, room string, occupants []moderation.Occupant) {
	h := r.policy().HostOf(muc)
	if h == nil || h.IsBreakout(muc) {
		return
	}
	var present []string
	for _, o := range occupants {
		if h.WhoIs(o.JID).MayBegin() {
			present = append(present, o.JID)
		}
	}
	if r.Book.Saw(muc, room, present) {
		r.tell(ctx, muc)
	}
}

// Unannounced notes that an account, a bare JID, began a room about which nobody had
// asked.
func (r *Reporter) Unannounced(ctx context.Context, room moderation.RoomName, account string) {
	if r.Book.Unannounced(room.Domain, room.JID, account) {
		r.tell(ctx, room.Domain)
	}
}

// Of says of each MUC component of a host whether Prosody asks usher about its rooms,
// as far as that was seen.
func (r *Reporter) Of(host string) []Report {
	var list []Report
	if h := r.policy().Host(host); h != nil {
		for _, muc := range h.MUC {
			list = append(list, r.Report(muc))
		}
	}
	return list
}

// Missing says, for an operator, which modules of Prosody do not ask usher, and how
// that is mended; nothing if none was found.
func (r *Reporter) Missing() []string {
	var list []string
	for _, muc := range r.policy().MUCs() {
		list = append(list, r.missing(muc, false)...)
	}
	return list
}

// Count tells the metrics what was found.
func (r *Reporter) Count() {
	var found metrics.Unasked
	for _, muc := range r.policy().MUCs() {
		report := r.Report(muc)
		found.Occupants += report.Unasked
		if h := r.policy().HostOf(muc); h != nil && h.Relay {
			found.Bypassed = found.Bypassed || report.Joins == Missing
			continue
		}
		found.Joins = found.Joins || report.Joins == Missing
		found.Begins = found.Begins || report.Begins == Missing
	}
	r.metrics.Unasked(found)
}

// tell writes the line; once for each time that it is found.
func (r *Reporter) tell(ctx context.Context, muc string) {
	r.Count()
	for _, line := range r.missing(muc, true) {
		r.log.LogAttrs(ctx, slog.LevelError, "joins are not under usher's control", slog.String("problem", line))
	}
}

// missing says what is wrong with a component, by what its host is.
func (r *Reporter) missing(muc string, names bool) []string {
	report := r.Report(muc)
	if h := r.policy().HostOf(muc); h != nil && h.Relay {
		return pastGateway(report, names)
	}
	return missing(report, names)
}

// pastGateway is missing of a relay, whose joins the gateway decides.
func pastGateway(r Report, names bool) []string {
	if r.Joins != Missing {
		return nil
	}
	example := ""
	if names {
		example = fmt.Sprintf(", such as %s in %s", r.JoinsAccount, r.JoinsRoom)
	}
	return []string{fmt.Sprintf("people came into rooms of %s past usher: since %s there were some about whom the "+
		"gateway decided nothing%s, %d are in rooms now; have the web server lead /xmpp-websocket and /http-bind to "+
		"listen.gateway, and keep 5280 and 5222 of Prosody from the public", r.MUC, r.JoinsSince.Format(time.RFC3339),
		example, r.Unasked)}
}

// missing names people only where that is asked for: /readyz does not.
func missing(r Report, names bool) (list []string) {
	example := func(account, room string) string {
		if !names {
			return ""
		}
		return fmt.Sprintf(", such as %s in %s", account, room)
	}
	if r.Joins == Missing {
		list = append(list, fmt.Sprintf("Prosody does not ask usher who may join rooms of %s: since %s people came in "+
			"about whom it did not ask%s, %d are in rooms now; %s", r.MUC, r.JoinsSince.Format(time.RFC3339),
			example(r.JoinsAccount, r.JoinsRoom), r.Unasked, hint(r.MUC, metrics.ModuleJoins.String())))
	}
	if r.Begins == Missing {
		list = append(list, fmt.Sprintf("Prosody does not ask usher what new rooms of %s begin with, so that whoever "+
			"comes first is their owner: seen since %s%s; %s", r.MUC, r.BeginsSince.Format(time.RFC3339),
			example(r.BeginsAccount, r.BeginsRoom), hint(r.MUC, metrics.ModuleBegins.String())))
	}
	return list
}

// hint says how Prosody is made to ask.
func hint(muc, module string) string {
	return fmt.Sprintf("put %q into modules_enabled of Component %q \"muc\" in Prosody's configuration and restart "+
		"Prosody; usher prosody prints the lines, prosodyctl install gets the module (mod_%s)", module, muc, module)
}
