package unasked

import "time"

// An Answer says what is known of one of Prosody's questions.
type Answer string

// The answers.
const (
	// no question came since the component is connected (or usher was started), and nobody
	// was found for want of it
	NotSeen Answer = "not seen"
	Asked   Answer = "asked"
	Missing Answer = "missing" // an account was found that should have been asked about
)

// A Report is what is known of one MUC component.
type Report struct {
	MUC     string
	Joins   Answer // whether it asks who may join: mod_muc_http_auth
	Begins  Answer // whether it asks what a new room begins with: mod_muc_http_defaults
	Unasked int    // accounts that are in rooms now, and were not asked about

	// Of what is Missing: since when, and an example, cut.
	JoinsSince, BeginsSince   time.Time
	JoinsRoom, JoinsAccount   string
	BeginsRoom, BeginsAccount string
}

// Report tells what is known of a component.
func (b *Book) Report(muc string) Report {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Report{MUC: muc, Joins: NotSeen, Begins: NotSeen}
	c := b.mucs[muc]
	if c == nil {
		return out
	}
	c.endFoundLocked()
	out.Unasked = c.n
	switch {
	case !c.joins.first.IsZero():
		out.Joins, out.JoinsSince, out.JoinsRoom, out.JoinsAccount = Missing, c.joins.first, c.joins.room, c.joins.account
	case !c.asked.IsZero() && !c.asked.Before(c.connected):
		out.Joins = Asked
	}
	switch {
	case !c.begins.first.IsZero():
		out.Begins, out.BeginsSince = Missing, c.begins.first
		out.BeginsRoom, out.BeginsAccount = c.begins.room, c.begins.account
	case c.everMade && c.made == b.connection:
		out.Begins = Asked
	}
	return out
}
