package bosh

import (
	"context"
	"io"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
)

// A relayedAnswer judges Prosody's answer to a request before the client gets it.
type relayedAnswer struct {
	*relayed
	rid   int64
	loan  budget.Loan // what it takes up until the client has it
	first *farewell   // of the request that makes the session; nil: of a later one
	begun bool        // the session is in the table
}

// Limit implements [proxy.Observer]. The answer is rewritten instead.
func (*relayedAnswer) Limit() int64 { return 0 }

// Observe implements [proxy.Observer].
func (*relayedAnswer) Observe([]byte) {}

// Rewrites implements [proxy.Rewriter].
func (*relayedAnswer) Rewrites() bool { return true }

// Rewrite implements [proxy.Rewriter].
func (a *relayedAnswer) Rewrite(ctx context.Context, from io.Reader) ([]byte, error) {
	answer, err := io.ReadAll(a.loan.Reader(from))
	if err != nil { // the client asks again, and Prosody repeats the answer
		return nil, err
	}
	if a.first != nil && !a.begin(answer) {
		return answer, nil // Prosody refuses to begin
	}
	a.observe(a.rid, answer)
	if why := a.ending(); why != "" {
		return []byte(why), nil
	}
	// What is recorded must not depend on whether the client waits for it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordWithin)
	defer cancel()
	return a.judge(ctx, answer), nil
}

// recordWithin bounds the time that an answer waits until what it says is recorded.
const recordWithin = 10 * time.Second

// begin puts the session into the table under the name that Prosody gave it.
func (a *relayedAnswer) begin(answer []byte) bool {
	tag, err := stanza.ParseBodyTag(answer)
	sid := tag.Attribute("sid")
	if err != nil || sid == "" || tag.Attribute("type") == "terminate" {
		return false
	}
	a.keptFor(tag.Attribute("inactivity"))
	a.farewell = a.first.of(sid)
	a.begun = a.handler.sessions.put(sid, a.session)
	return a.begun
}

// judge decides about the elements of an answer, one answer at a time.
func (a *relayedAnswer) judge(ctx context.Context, answer []byte) []byte {
	if !a.stream.Minds(answer) {
		return answer
	}
	body, err := stanza.ParseBody(answer)
	if err != nil {
		return a.endAt(relay.End{Condition: "internal-server-error", Text: "The server's answer could not be read."})
	}
	a.telling.Lock()
	defer a.telling.Unlock()
	with := map[int][]byte{}
	for i, e := range body.Children {
		switch v := a.stream.FromProsody(ctx, e); {
		case v.End != nil:
			return a.endAt(*v.End)
		case v.Replace != nil:
			with[i] = v.Replace
		}
	}
	if len(with) == 0 {
		return answer
	}
	return body.Rewrite(with)
}

// endAt ends the session by this answer.
func (a *relayedAnswer) endAt(why relay.End) []byte {
	a.leave(why)
	return []byte(a.ending())
}
