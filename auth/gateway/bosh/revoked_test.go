package bosh

import (
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
)

// revoked has an account be in a room, with a request that waits, and ends it.
func TestRelayedRevoked(t *testing.T) {
	w := newRelayWorld(t)
	w.login()
	w.says(joining(openRoom), `<presence xmlns="jabber:client" from="`+openRoom+`" to="`+full+
		`"><x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/></x></presence>`)
	waiting := w.Send(goodToken, gatewaytest.Body(6))
	held := w.Upstream.Post()
	if !w.relays.End(jid, "This session was ended by an operator.") || w.relays.End("u-2@meet.example.com", "x") {
		t.Fatal("the stream is not found")
	}
	x := w.Upstream.Post()
	if !strings.Contains(x.Body, `type="terminate"`) || !strings.Contains(x.Body, `rid="7"`) {
		t.Errorf("Prosody is told %s", x.Body)
	}
	held.Answer <- gatewaytest.Terminated("")
	got := gatewaytest.Receive(t, waiting)
	for _, part := range []string{`<status code="307"/>`, openRoom, "ended by an operator"} {
		got.Wants(t, 200, part)
	}
	later := gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Body(7)))
	later.Wants(t, 200, `type="terminate" condition="remote-stream-error"`)
	later.Wants(t, 200, "ended by an operator")
	x.Answer <- gatewaytest.Terminated("")
	w.eventually("left " + openRoom)
	w.eventually("disconnected " + jid)
}

func TestRelayedCut(t *testing.T) {
	w := newRelayWorld(t)
	w.login()
	if !w.relays.Cut(jid) {
		t.Fatal("the stream is not found")
	}
	w.farewell(5)
	w.eventually("disconnected " + jid)
	if w.relays.Cut(jid) {
		t.Error("it is still there")
	}
}

// The client is not told of an account that cannot be recorded.
func TestRelayedNotRecorded(t *testing.T) {
	w := newRelayWorld(t)
	w.begin()
	w.says(gatewaytest.Anonymous, gatewaytest.Success)
	w.logins.refuses = true
	_, got := w.exchange(gatewaytest.Body(3, bind), gatewaytest.Told(bindResult))
	if strings.Contains(got.Body, jid) {
		t.Errorf("the client gets %s", got.Body)
	}
	w.ends(got, "not-authorized", 4)
}

// A client whose login is refused is told why in answer to its login, in a session that
// Prosody knows nothing of.
func TestRelayedRefused(t *testing.T) {
	w := newRelayWorld(t)
	got := gatewaytest.Receive(t, w.Send("bad", gatewaytest.Creating()))
	got.Wants(t, 200, "<mechanism>ANONYMOUS</mechanism>")
	_, rest, _ := strings.Cut(got.Body, ` sid="`)
	sid, _, _ := strings.Cut(rest, `"`)
	body := func(content string) string { return strings.Replace(gatewaytest.Body(2, content), "s1", sid, 1) }
	gatewaytest.Receive(t, w.Send("bad", body(""))).Wants(t, 200, "<body")
	got = gatewaytest.Receive(t, w.Send("bad", body(gatewaytest.Anonymous)))
	got.Wants(t, 200, `<not-allowed/><text>The token has expired.`)
	if strings.Contains(got.Body, "terminate") {
		t.Errorf("the client reads no failure in %s", got.Body)
	}
	gatewaytest.Receive(t, w.Send("bad", body(gatewaytest.Anonymous))).Wants(t, 200, `type="terminate"`)
	w.Eventually("its place is given back", func() bool { return w.taken() == 0 })
	w.Upstream.Untouched()
	for _, content := range []string{message, bind, joining(openRoom)} {
		got := gatewaytest.Receive(t, w.Send("bad", gatewaytest.Creating()))
		_, rest, _ := strings.Cut(got.Body, ` sid="`)
		sid, _, _ = strings.Cut(rest, `"`)
		gatewaytest.Receive(t, w.Send("bad", body(content))).Wants(t, 200, `type="terminate"`)
	}
	w.Upstream.Untouched()
	got = gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Creating(gatewaytest.Anonymous)))
	got.Wants(t, 200, "policy-violation")
	w.Upstream.Untouched()
}

// Where Prosody makes no session there is none here.
func TestRelayedNotBegun(t *testing.T) {
	w := newRelayWorld(t)
	_, got := w.exchange(gatewaytest.Creating(), gatewaytest.Terminated("improper-addressing"))
	got.Wants(t, 200, "improper-addressing")
	w.Eventually("its place is given back", func() bool { return w.taken() == 0 })
	w.Upstream.Status.Store(500)
	gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Creating())).Wants(t, 500, "")
	w.Eventually("its place is given back", func() bool { return w.taken() == 0 })
}

// A large answer of Prosody is held whole, within the bounds of all answers.
func TestRelayedLargeAnswers(t *testing.T) {
	w := newRelayWorld(t, messages(100<<10))
	w.login()
	large := `<message xmlns="jabber:client"><body>` + strings.Repeat("x", 60<<10) + `110</body></message>`
	if _, got := w.says("", large); got != gatewaytest.Told(large) {
		t.Errorf("%d bytes come as %d", len(large), len(got))
	}
	_, got := w.exchange(gatewaytest.Body(6), gatewaytest.Told(large, large))
	got.Wants(t, 503, "too many large stanzas")
	_, got = w.exchange(gatewaytest.Body(6), gatewaytest.Told(message))
	got.Wants(t, 200, message)
}
