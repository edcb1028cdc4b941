package bosh

import (
	"bytes"
	"net/url"
	"sync"

	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
)

// A relayed is what a session has of a host whose Prosody verifies inner tokens: every
// element of both sides is judged, whatever the order in which requests come in. It
// implements [relay.Connection].
type relayed struct {
	*session
	handler  *Handler
	stream   *relay.Stream
	upstream *url.URL // the host's Prosody; nil: that of the settings
	farewell farewell // its sid is set before the client knows it

	judging sync.Mutex // one body of the client at a time
	sent    sentBodies
	telling sync.Mutex // one answer of Prosody at a time
	told    sync.Once  // the stream, that it is over
	words   []byte     // what the client is told before it is told of the end; guarded by session.mu
}

// beginRelayed is the request that makes a session of such a host. The token goes on as
// an inner one, in this request alone: Prosody looks at no other.
func (q *request) beginRelayed(in incoming, tag stanza.Element, rid int64, way proxy.Way) {
	body, ok := q.readable(in)
	if !ok {
		return
	}
	if len(body.Children) > 0 {
		q.end(conditionPolicy, tooEarly)
		return
	}
	release, ok := q.Reserve()
	if !ok {
		return
	}
	s := q.newSession(rid, release)
	s.host = way.Host
	c, query, err := q.Relays.Begin(q.R.Context(), q.arrival(way))
	if err != nil {
		q.beginRefused(s, tag, err)
		return
	}
	s.relayed = &relayed{session: s, handler: q.Handler, upstream: way.Upstream}
	c.Connection = s.relayed
	s.relayed.stream = q.Relays.New(c)
	// The farewell's address has no token: the query is as the client's later ones are.
	first := &relayedAnswer{relayed: s.relayed, rid: rid, first: q.farewellTo(q.Request), loan: s.share.Loan()}
	defer func() { // also if the client goes away meanwhile, which panics
		first.loan.Repay()
		if !first.begun {
			release()
			s.dropped()
		}
	}()
	q.Query = query
	q.Forward(in.head, nil, first)
}

// arrival is what the request brings for a relay. There is nothing to resume: a session
// of BOSH outlives its connections.
func (q *request) arrival(way proxy.Way) relay.Arrival {
	return relay.Arrival{
		Host: way.Host, Main: way.Main, Token: q.login.Token,
		Problem: q.login.RelayProblem(way.Guest), Query: q.Query, EarlyGuests: way.EarlyGuests,
		Network: q.Network(),
	}
}

// Leave implements [relay.Connection]. The client is shown out of its rooms by the next
// answer, and told of the end by the one after.
func (r *relayed) Leave(f relay.Farewell) {
	r.mu.Lock()
	r.words = bytes.Join(f.Presences, nil)
	r.mu.Unlock()
	r.leave(f.End)
}

// Cut implements [relay.Connection]. A client of BOSH has nothing to resume: its page
// logs in anew.
func (r *relayed) Cut() {
	r.leave(relay.End{Condition: "reset", Text: "Your rights have changed. Please reload the page."})
}

// leave ends the session for both sides.
func (r *relayed) leave(why relay.End) {
	r.end(stanza.TerminateFor(why.Condition, why.Text))
	r.handler.sayFarewell(r.farewell, r.nextRID(), r.session)
}

// nextRID takes the number that follows all that were sent to Prosody.
func (s *session) nextRID() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rids.highest++
	return s.rids.highest
}

// ending returns what the next answer of a session is that has ended here, with a
// reason; empty: it goes on, or Prosody ended it.
func (r *relayed) ending() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.words) > 0 && r.why != "" {
		words := r.words
		r.words = nil
		return stanza.WriteBody(string(words))
	}
	return r.why
}

// dropped tells the stream, if there is one, that the session is over for good.
func (s *session) dropped() {
	if s.relayed != nil {
		s.relayed.told.Do(func() { s.relayed.stream.Gone(true) })
	}
}
