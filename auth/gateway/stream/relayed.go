package stream

import (
	"usher/auth/gateway/budget"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// relayedClient has the relay judge what the client says.
type relayedClient Session

// Limit implements [websocket.Inspector]. Before the login it is one piece.
func (f *relayedClient) Limit() int64 {
	if f.early = !f.progress.LoggedIn().Load(); f.early {
		return min(budget.Piece, f.messageBytes)
	}
	return f.messageBytes
}

// Whole implements [websocket.Inspector]: what could be two elements to Prosody must be
// one here.
func (f *relayedClient) Whole() bool { return true }

// Inspect implements [websocket.Inspector].
func (f *relayedClient) Inspect(m *websocket.Message) (passes bool, err error) {
	if f.relay.Passes(m.Payload()) {
		return true, nil
	}
	element, err := stanza.Parse(m.Payload())
	if err != nil {
		return false, notReadable()
	}
	v := f.relay.FromClient(f.ctx, element)
	if v.Answer != nil {
		if err := f.client.Send(v.Answer); err != nil {
			return false, clientSlow(err)
		}
		if v.End == nil {
			return false, nil
		}
	}
	return apply(m, v)
}

// apply makes a message what the relay has decided.
func apply(m *websocket.Message, v relay.Verdict) (passes bool, err error) {
	switch {
	case v.End != nil:
		return false, policy(metrics.EndedPolicy, v.End.Condition, v.End.Text)
	case v.Replace != nil:
		m.Replace(v.Replace)
	}
	return true, nil
}

// relayedProsody has the relay judge what Prosody says.
type relayedProsody Session

// Limit implements [websocket.Inspector].
func (f *relayedProsody) Limit() int64 { return mostOfProsody }

// Whole implements [websocket.Inspector]. What is judged fits into a piece, or begins there.
func (f *relayedProsody) Whole() bool { return false }

// Inspect implements [websocket.Inspector].
func (f *relayedProsody) Inspect(m *websocket.Message) (passes bool, err error) {
	if f.leaving.Load() { // the client is told by us
		return false, nil
	}
	before := f.relay.Bound()
	switch {
	case before && !m.Whole():
		f.relay.FromProsodyCut(m.Payload())
		return true, nil
	case !f.relay.Minds(m.Payload()):
		return true, nil
	}
	element, err := stanza.Parse(m.Payload())
	if !m.Whole() || err != nil {
		if before {
			return true, nil
		}
		return false, policy(metrics.EndedByProsody, "internal-server-error", "The login could not be completed.")
	}
	v := f.relay.FromProsody(f.ctx, element)
	if !before && f.relay.Bound() {
		f.progress.Resume(f.relay.Account())
	}
	return apply(m, v)
}
