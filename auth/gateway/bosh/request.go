package bosh

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"time"

	"usher/auth"
	"usher/auth/gateway/filter"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/stanza"
	"usher/internal/httpd"
	"usher/metrics"
)

// A request is one of BOSH.
type request struct {
	*Handler
	*proxy.Request
	login login.Credentials
	why   string // the answer that ended its session, with a reason
}

// serve answers the request, which says in its first piece what it is about.
func (q *request) serve() {
	in, ok := q.firstPiece()
	if !ok {
		return
	}
	tag, err := stanza.ParseBodyTag(in.head)
	rid, isNumber := parseRID(tag.Attribute("rid"))
	switch sid := tag.Attribute("sid"); {
	case err != nil || !isNumber:
		q.terminate(badRequest)
	case sid == "":
		q.begin(in, tag, rid)
	default:
		q.proceed(in, sid, rid)
	}
}

// parseRID parses the number of a request (XEP-0124 section 14.1). Prosody accepts
// other spellings too (1e3, 0x10), which no client uses.
func parseRID(s string) (rid int64, ok bool) {
	const digits = 16 // 2^53 has so many
	if len(s) > digits || s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	rid, err := strconv.ParseInt(s, 10, 64)
	return rid, err == nil
}

// newSession returns a session that is not in the table yet.
func (q *request) newSession(rid int64, release func()) *session {
	return &session{
		release: release, began: time.Now(), kept: usuallyKept, share: q.Share(q.Budget),
		rids: rids{highest: rid, answered: rid},
	}
}

// begin is the request that makes a session (XEP-0124 section 7). Its host decides what
// becomes of it.
func (q *request) begin(in incoming, tag stanza.Element, rid int64) {
	way, known := q.Settings.Way(tag.Attribute("to"))
	q.Upstream = way.Upstream
	switch {
	case !known:
		q.NoHost(tag.Attribute("to"))
		q.answer(stanza.Terminate("", "", "host-unknown"))
	case way.Relayed:
		q.beginRelayed(in, tag, rid, way)
	default:
		q.beginPlain(in, tag, rid)
	}
}

// beginPlain makes a session of a host whose Prosody asks for tickets or passwords.
func (q *request) beginPlain(in incoming, tag stanza.Element, rid int64) {
	release, ok := q.Reserve()
	if !ok {
		return
	}
	s := q.newSession(rid, release)
	s.host, s.upstream = tag.Attribute("to"), q.Upstream
	begun := false
	defer func() { // also if the client goes away meanwhile, which panics
		if !begun {
			release()
			q.Exchange.Cancel(s.progress.Abandon())
		}
	}()
	body, ok := q.inspect(s, in)
	if !ok {
		return
	}
	q.Forward(body, nil, &firstAnswer{session: s, rid: rid, table: &q.sessions, begun: &begun})
}

// proceed is any other request of a session.
func (q *request) proceed(in incoming, sid string, rid int64) {
	s, state := q.sessions.enter(sid, rid)
	switch state {
	case over:
		q.over(s)
		return
	case busy:
		q.Refuse(http.StatusTooManyRequests, metrics.RefusedRequest, "too many requests of one session")
		return
	case untracked:
		q.proceedUntracked(in, sid, rid)
		return
	}
	defer q.sessions.leave(sid, s)
	switch {
	case s.relayed != nil:
		q.proceedRelayed(s, in, sid, rid)
		return
	case s.refused != nil:
		q.proceedRefused(s, in)
		return
	}
	q.Upstream = s.upstream
	httpd.Admit(q.R.Context()) // Prosody lets it wait; the session is counted
	o := &laterAnswer{session: s, rid: rid, relays: q.Relays, loan: s.share.Loan()}
	defer func() { o.loan.Repay() }()
	if !s.progress.LoggedIn().Load() {
		body, ok := q.inspect(s, in)
		if !ok {
			s.end(q.why)
			q.sayFarewell(q.farewellTo(q.Request).of(sid), rid, s)
			return
		}
		q.Forward(body, nil, o)
		return
	}
	l := s.share.Loan()
	defer l.Repay() // nothing is being sent any more then
	body, ok := q.rest(in, &l)
	if !ok {
		return
	}
	q.Forward(q.beforeJoins(s, body), l.Repay, o)
}

// proceedUntracked serves a request of a session that began before usher did, or
// that does not exist. Only Prosody can tell whether an account has logged in on
// it. Until then no login passes, as its host is not known, and of stanzas only
// those that mean nothing before a login. Where there is a relay host it may be one of
// that, on which every join has to be judged: it ends, and the page logs in anew.
func (q *request) proceedUntracked(in incoming, sid string, rid int64) {
	if q.Settings.Relays() {
		q.terminate(itemNotFound)
		q.sayFarewell(q.farewellTo(q.Request).of(sid), rid, nil)
		return
	}
	parsed, ok := q.readable(in)
	if !ok {
		q.sayFarewell(q.farewellTo(q.Request).of(sid), rid, nil)
		return
	}
	needsToken := q.login.Token == "" && !q.login.Guests
	if needsToken || !filter.Harmless(parsed) {
		text := "This session is not known here any more. Please reload the page."
		if needsToken {
			text = auth.ReasonTokenRequired.ClientText()
		}
		q.end("not-authorized", text)
		q.sayFarewell(q.farewellTo(q.Request).of(sid), rid, nil)
		return
	}
	release, ok := q.Reserve() // its session is not counted, so the request is
	if !ok {
		return
	}
	defer release()
	q.Forward(in.head, nil, &untrackedAnswer{q, sid, rid})
}

// maxJoining bounds a body that is searched for joins, in bytes: the parser needs
// many times its length.
const maxJoining = 64 << 10

// beforeJoins tells the rooms of the joins in a body, and returns the body in which those
// are swapped that they refuse.
func (q *request) beforeJoins(s *session, body []byte) []byte {
	account := s.progress.Account()
	if account == "" || q.Rooms == nil || len(body) > maxJoining || !bytes.Contains(body, []byte(stanza.NamespaceMUC)) {
		return body
	}
	parsed, err := stanza.ParseBody(body)
	if err != nil {
		return body
	}
	ctx, cancel := context.WithTimeout(q.R.Context(), q.JoinTimeout)
	defer cancel()
	with := map[int][]byte{}
	for i, e := range parsed.Children {
		room, joins := e.Join()
		if !joins {
			continue
		}
		if refused := q.Rooms.BeforeJoin(ctx, account, room); refused != "" && q.Relays != nil {
			if ping, ok := q.Relays.RefuseJoin(account, refused, e); ok {
				with[i] = ping
			}
		}
	}
	if len(with) == 0 {
		return body
	}
	s.swapped.Store(true)
	return parsed.Rewrite(with)
}
