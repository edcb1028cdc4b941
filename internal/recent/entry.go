package recent

import (
	"strings"
	"time"

	"usher/auth"
	"usher/internal/loginid"
	"usher/internal/text"
	"usher/metrics"
)

// The bounds of what is kept of a decision, in bytes.
const (
	longestName   = 256  // an address, an issuer, a name
	longestDetail = 1024 // why it was refused
	longestLine   = 512  // of an explanation
	entryBytes    = 640  // beside its texts
	lineBytes     = 48   // likewise
)

// An About is what was decided.
type About string

// The four questions.
const (
	Login  About = "login"
	Ticket About = "ticket" // a password for a login that follows
	Join   About = "join"   // may this account come into this room
	Room   About = "room"   // with what does a new room begin
)

// A kind is what decisions have in common that share a place: the one that has most of it loses its oldest. All of
// it comes from closed lists, or from the configuration; the share is one of a few.
type kind struct {
	about  About
	door   string
	host   string
	reason string
	proven bool // a signature proves whose login it was

	// share is drawn of the account, if there is one: who causes refusals without end pushes out no more than
	// those of the same share.
	share uint8
}

// shares is how many there are.
const shares = 8

// An entry is a decision as it is kept. It does not change: what is explained gets another in its place.
type entry struct {
	kind
	number uint64 // in the order of decisions
	at     time.Time
	took   time.Duration
	login  loginid.ID
	result metrics.Result

	issuer, key            string
	account, user          string // a bare JID; the account claim
	displayID, displayName string
	name                   string // what the client calls itself
	room, affiliation      string
	detail, failed         string
	explained              []auth.CheckLine // nil: what the refusal itself tells
	pending                bool             // the explanation is still to come
}

// bytes is what an entry counts for.
func (e *entry) bytes() int {
	n := entryBytes + len(e.issuer) + len(e.key) + len(e.account) + len(e.user) + len(e.displayID) +
		len(e.displayName) + len(e.name) + len(e.room) + len(e.detail)
	for _, l := range e.explained {
		n += lineBytes + len(l.Name) + len(l.Detail)
	}
	return n
}

// named is a text of a stranger. It is cloned, as it may be a part of a whole request.
func named(s string) string { return strings.Clone(text.WithoutTokens(text.ClipTo(s, longestName))) }

// kept cuts a text of our own, which is longer only where it repeats what others wrote.
func kept(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return text.ClipTo(s, most)
}

// clipped are the lines of an explanation as they are kept.
func clipped(lines []auth.CheckLine) []auth.CheckLine {
	for i := range lines {
		lines[i].Detail = kept(lines[i].Detail, longestLine)
	}
	return lines
}
