package auth

import "context"

// A Later is what a decided login leaves to be done once it is answered: its line in the log, its place among the last
// decisions, and that the other ushers of a cluster are told of it. Doing that wakes others, and where Prosody stands
// still for the answer they would compete with it for a core. A door that has such clients gives one in [Credentials],
// and calls Do after each answer. The zero value has nothing to do. It may be used again, by one goroutine at a time.
type Later struct {
	outcomes *outcomes
	ctx      context.Context
	allowed  string // the words of what was allowed
	decided  Decided
	then     func() // may be nil
}

// begin notes what was decided. It is copied once: a login has no time for more.
func (l *Later) begin(ctx context.Context, o *outcomes, allowed string, c *Credentials, d *Decision) {
	l.outcomes, l.ctx, l.allowed, l.then = o, ctx, allowed, d.then
	of := &l.decided
	of.Credentials, of.ID, of.Refusal, of.Failed = *c, d.ID, d.Refusal, d.failed
	of.Credentials.Later = nil
	of.Ticket = allowed == ticketGiven && !c.Waiting
	if d.token != "" {
		of.Credentials.Token = d.token
	}
}

// Do does what is left, once.
func (l *Later) Do() {
	if l.outcomes == nil {
		return
	}
	o, d := l.outcomes, &l.decided
	l.outcomes = nil
	if l.then != nil {
		l.then()
	}
	if o.last != nil {
		o.last.Login(*d)
	}
	if d.Refusal != nil {
		o.logRefusal(l.ctx, &d.Credentials, &d.ID, d.Refusal, d.Took)
	} else {
		o.logLogin(l.ctx, l.allowed, &d.Credentials, &d.ID, d.Took)
	}
	*l = Later{}
}
