package bosh

import (
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// A session of BOSH ends when Prosody says so, or after a time.
type session struct {
	host     string
	release  func()
	share    *budget.Share
	began    time.Time
	kept     time.Duration // without a request, after which Prosody has ended it
	upstream *url.URL      // Prosody, if it is not that of the settings
	progress login.Progress
	relayed  *relayed    // of a host whose Prosody verifies inner tokens; or nil
	refused  *refused    // there is none at Prosody: the login was refused; or nil
	swapped  atomic.Bool // a refused join went to Prosody as a ping
	over     atomic.Bool // nothing of it passes any more; Prosody may still have it
	gone     atomic.Bool // Prosody does not have it any more

	mu   sync.Mutex
	rids rids
	why  string // the answer that ended it; empty: item-not-found

	// Of the table:
	pending int
	last    time.Time
}

// loggedIn reports whether the client has.
func (s *session) loggedIn() bool {
	if s.relayed != nil {
		return s.relayed.stream.Bound()
	}
	return s.progress.LoggedIn().Load()
}

// end lets nothing of the session pass any more, and returns the answer that all
// its requests get: the first one given.
func (s *session) end(why string) string {
	s.over.Store(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why == "" {
		s.why = why
	}
	return s.why
}

// reason returns the answer that ended the session here, or nothing.
func (s *session) reason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.why
}

// observe learns from Prosody's answer to a request, or its beginning, whether the
// session is over and how the login went. Prosody answers the oldest request that
// waits, which may be an earlier one than the login's.
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

// terminated notes that Prosody told the client that the session is over. It is
// over here then, even if Prosody still has it.
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

// How long a session is kept without a request, unless Prosody says after how long
// it ends one (bosh_max_inactivity, usually a minute): then keptLonger than that.
const (
	usuallyKept = 3 * time.Minute
	longestKept = 10 * time.Minute
	keptLonger  = 15 * time.Second
)

// keptFor parses how long Prosody keeps the session, in seconds.
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
