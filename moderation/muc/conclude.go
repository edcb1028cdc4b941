package muc

import (
	"cmp"
	"context"
	"log/slog"

	"usher/internal/logattr"
	"usher/internal/loginid"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/sessions"
)

// A Recorder keeps the last questions that were decided. It must not block.
type Recorder interface {
	Join(d Decided)
}

// The doors by which questions come in.
const (
	doorHTTP    = "http"    // Prosody's modules
	doorGateway = "gateway" // browsers
)

// A Decided is a question that was decided.
type Decided struct {
	Door     string // where it came in
	Creates  bool   // it is about a new room, and about no account
	Account  string // bare JID, as it was asked
	Room     string // an address, as it was asked
	LoginID  loginid.ID
	Person   sessions.Person // behind the account
	Decision moderation.Decision
}

// A question is who wants to come into which room.
type question struct {
	door       string
	user, room string
	login      loginid.ID // of the stream; none: not known
}

// conclude counts a join, keeps it among the last decisions and writes its line, whichever way it was asked about.
func (m *Service) conclude(ctx context.Context, log *slog.Logger, q question, d moderation.Decision) {
	result, line, level := metrics.Allowed, "join allowed", slog.LevelInfo
	switch {
	case d.Reason.Undecided():
		result, line, level = metrics.Undecided, "join not decided", slog.LevelError
	case d.HeldByRoom:
		result, line = metrics.Denied, "join left to the room, which lets members in only"
	case !d.Allowed:
		result, line = metrics.Denied, "join refused"
	}
	m.metrics.Join(result, string(d.Reason))
	of := m.decided(q, d)
	if m.last != nil {
		m.last.Join(of)
	}
	if log != nil && log.Enabled(ctx, level) {
		log.LogAttrs(ctx, level, line, of.attrs()...)
	}
}

// fault counts and keeps a join that our own code did not survive. The log has the fault already.
func (m *Service) fault(q question) {
	d := moderation.Refuse(moderation.ReasonInternalError, "a panic; look at the log and report it")
	m.metrics.Join(metrics.Undecided, string(d.Reason))
	if m.last != nil {
		m.last.Join(Decided{Door: q.door, Account: q.user, Room: q.room, LoginID: q.login, Decision: d})
	}
}

// decided finds out which login a question rests on: that of the stream where the gateway sees it, of the session that
// lets it in, or else the account's last one.
func (m *Service) decided(q question, d moderation.Decision) Decided {
	of := Decided{Door: q.door, Account: q.user, Room: q.room, Person: m.sessions.Display(q.user), Decision: d}
	if d.Session != nil {
		of.LoginID = d.Session.LoginID
	}
	of.LoginID = cmp.Or(q.login, of.LoginID, of.Person.LoginID)
	return of
}

// attrs are those of a line about a join. Behind an account that Prosody drew at random stands
// who the token says it is.
func (of *Decided) attrs() []slog.Attr {
	list := []slog.Attr{logattr.Account(of.Account)}
	list = append(list, logattr.Person(of.Person.ID, of.Person.Name)...)
	d := &of.Decision
	return append(list, logattr.Room(of.Room), slog.String("reason", string(d.Reason)), slog.String("detail", d.Detail),
		slog.String("affiliation", string(d.Affiliation)), logattr.Login(of.LoginID))
}

// concludeRoom keeps a question about a new room among the last decisions.
func (m *Service) concludeRoom(room string, d moderation.Decision) {
	if m.last != nil {
		m.last.Join(Decided{Door: doorHTTP, Creates: true, Room: room, Decision: d})
	}
}
