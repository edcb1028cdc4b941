package driver_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/gobwas/ws"

	"usher/e2e/browser/driver"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// frames are what a WebSocket server sends: a message, unless it is empty, and a close frame, unless the code is 0.
func frames(message string, code ws.StatusCode) string {
	var b bytes.Buffer
	if message != "" {
		ws.MustWriteFrame(&b, ws.NewTextFrame([]byte(message)))
	}
	if code != 0 {
		ws.MustWriteFrame(&b, ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")))
	}
	return b.String()
}

// However a server in between ends the session, with the end of the stream or without, the client resumes it at Prosody
// as long as Prosody has not heard of the end.
func TestServerEnds(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := start(t, v, knowsAlice(t))
		p := w.browser.Open(t, site+"board?jwt="+token)
		before := p.Joined(t)
		for i, ending := range []struct{ name, words string }{
			// Strophe knows the end of a stream by these very bytes, and closes the WebSocket itself.
			{"close, going away", frames(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />`, ws.StatusGoingAway)},
			// Any other spelling it takes for a stanza that nobody wants: what counts is the close frame.
			{"close in another spelling, going away", frames(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`,
				ws.StatusGoingAway)},
			{"close", frames(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing" />`, 0)},
			{"going away", frames("", ws.StatusGoingAway)},
			{"cut", ""},
		} {
			w.wire.end(ending.words)
			p.Await(t, fmt.Sprintf(`meet.connects === %d && meet.status === "joined"`, i+2), within)
			after := p.State(t)
			if after.Resumed == nil || !*after.Resumed || after.Joins != 1 || after.JID != before.JID ||
				after.Previd == "" || after.Error != nil {
				t.Errorf("%s: %+v", ending.name, after)
			}
		}
		p.Do(t, `meet.send("Still here")`)
		p.Await(t, `meet.messages.length === 1`, within)
	})
}

// A stream that ends with an error is not resumed, although Prosody still has it: the client joins anew.
func TestStreamError(t *testing.T) {
	t.Parallel()
	w := start(t, "", knowsAlice(t))
	p := w.browser.Open(t, site+"board?jwt="+token)
	before := p.Joined(t)
	p.Do(t, `addEventListener("meet", () => { window.told ||= (meet.error || {}).condition; })`) // it is forgotten at once
	w.wire.end(frames(`<stream:error xmlns:stream="http://etherx.jabber.org/streams">`+
		`<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-streams"/></stream:error>`, ws.StatusPolicyViolation))
	p.Await(t, `meet.connects === 2 && meet.status === "joined"`, within)
	if told := driver.Eval[string](t, p, `window.told`); told != "policy-violation" {
		t.Errorf("the page was told %q", told)
	}
	if after := p.State(t); *after.Resumed || after.Previd != "" || after.Joins != 2 || after.JID == before.JID {
		t.Errorf("got %+v", after)
	}
}
