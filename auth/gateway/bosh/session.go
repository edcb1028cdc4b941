package bosh

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// A session is what is known of one. It ends by Prosody's
// word, or by time; what the client says of its end is Prosody's to answer.
type session struct {
	host     string
	free     func()
	share    *budget.Share
	began    time.Time
	kept     time.Duration // without a request; Prosody has ended it by then
	progress login.Progress
	over     atomic.Bool // nothing of it passes any more; Prosody may still have it
	gone     atomic.Bool // Prosody has it no more

	mu   sync.Mutex
	rids rids
	why  string // the answer that ended it; empty: item-not-found is all that there is to say

	// Of the table:
	pending int
	last    time.Time
}

// end lets nothing of the session pass any more, and returns the answer that it
// ended with. The first reason counts.
func (s *session) end(why string) string {
	s.over.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" {
		s.why = why
	}
	return s.why
}

// observe finds out from Prosody's answer to a request, or the beginning of it,
// whether the session is over and how the login went. That may be the answer to
// an earlier request than the login's: Prosody answers the oldest that waits.
func (s *session) observe(rid int64, answer []byte) {
	tag, err := stanza.ParseBodyTag(answer)
	if err != nil {
		return
	}
	if tag.Attribute("type") == "terminate" {
		s.terminated(rid, tag.Attribute("condition"))
	} else {
		s.mu.Lock()
		s.rids.answer(rid)
		s.mu.Unlock()
	}
	if !s.progress.Trying() {
		return
	}
	body, err := stanza.ParseBody(answer)
	if err != nil {
		return
	}
	for _, e := range body.Children {
		switch {
		case e.LoggedIn():
			s.progress.Succeed()
		case e.Is(stanza.NamespaceSASL, "failure"):
			s.progress.Fail()
		}
	}
}

// terminated notes that Prosody told the client that the session is over, which
// ends it here in any case.
func (s *session) terminated(rid int64, condition string) {
	s.over.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if final(condition) || condition == itemNotFound && s.rids.unknownToProsody(rid) {
		s.gone.Store(true)
	}
}

// final reports whether Prosody has ended a session that it terminates with this
// condition. It goes on with one of which it got a body that it could not parse
// (bad-request), or a request out of order (item-not-found).
func final(condition string) bool { return condition == "" || condition == "remote-stream-error" }

// The time that a session is known without a request, unless Prosody says after
// how long it ends one (bosh_max_inactivity, a minute): then that and a bit.
const (
	usuallyKept = 3 * time.Minute
	longestKept = 10 * time.Minute
	keptLonger  = 15 * time.Second
)

// keptFor reads how long Prosody keeps the session, in seconds.
func (s *session) keptFor(inactivity string) {
	if strings.Trim(inactivity, "0123456789") != "" || len(inactivity) > 6 {
		return
	}
	if n, ok := parseRID(inactivity); ok {
		s.kept = min(time.Duration(n)*time.Second+keptLonger, longestKept)
	}
}

// rids are numbers of requests: the highest one that went to Prosody, and the
// highest one that it answered.
type rids struct{ highest, answered int64 }

func (r *rids) send(rid int64)   { r.highest = max(r.highest, rid) }
func (r *rids) answer(rid int64) { r.answered = max(r.answered, rid) }

// unknownToProsody reports whether item-not-found as the answer to a request
// means that Prosody has no such session. It says the same of a request that is
// out of order, and goes on with the session. It takes one that follows the last
// it took at once, and keeps the next but one; so the newest of all requests is
// in order if it is one of the two that follow what was answered.
func (r *rids) unknownToProsody(rid int64) bool { return rid == r.highest && rid <= r.answered+2 }
