package relay

import (
	"fmt"
	"testing"

	"usher/e2e/client"
	"usher/e2e/world"
)

// refusals are stanzas that do not go on to Prosody as they are, and others around them that have no answer.
func refusals(nick string, n int) []string {
	id := func(kind string) string { return fmt.Sprint(kind, n) }
	two := world.Room("two")
	return []string{
		"<presence id='" + id("room") + "' to='" + two + "/" + nick + "'><x xmlns='" + muc + "'/></presence>",
		"<presence id='" + id("bare") + "' to='" + world.Meet + "'><x xmlns='" + muc + "'/></presence>",
		"<presence id='" + id("far") + "' to='a@conference.elsewhere.example/" + nick + "'/>",
		"<iq id='" + id("iq") + "' type='set' to='" + world.FocusHost + "'>" +
			"<conference xmlns='http://jitsi.org/protocol/focus' room='" + two + "'/></iq>",
		"<message id='" + id("message") + "' type='groupchat' to='" + two + "'><body>x</body></message>",
		"<iq id='" + id("result") + "' type='result' to='" + two + "/" + nick + "'/>",
		"<presence type='unavailable' to='" + two + "/" + nick + "'/>",
		"<presence type='error' to='" + two + "/" + nick + "'/>",
		"<message type='error' to='" + two + "/" + nick + "'/>",
		"<iq id='" + id("ping") + "' type='get' to='" + world.Meet + "'><ping xmlns='urn:xmpp:ping'/></iq>",
	}
}

// answered wants the refusals of a round to have been answered once each, as errors, and the ping by a result.
func answered(t *testing.T, came []string, n int) {
	t.Helper()
	for kind, want := range map[string]string{"room": "not-allowed", "bare": "not-allowed", "far": "not-allowed", "ping": `result`} {
		id := fmt.Sprint(kind, n)
		found := 0
		for _, m := range came {
			if client.Attribute(m, "id") == id {
				found++
				if len(of([]string{m}, want)) == 0 {
					t.Errorf("%s is answered with %s", id, m)
				}
			}
		}
		if found != 1 {
			t.Errorf("%s has %d answers", id, found)
		}
	}
}

// exact wants both sides to have counted the same.
func (c *caller) exact(t *testing.T, when string) {
	t.Helper()
	n, err := c.Acknowledged(world.Within(t))
	if err != nil {
		t.Fatalf("%s: %v; there came %q", when, err, c.Came())
	}
	if n.Acked != n.Sent {
		t.Errorf("%s: Prosody has handled %d stanzas, the client has sent %d", when, n.Acked, n.Sent)
	}
}

// TestCounts: stanzas sent by the client = handled by Prosody = acknowledged, whatever is refused, after a cut and after
// kill -9 with stanzas on their way; what came is not sent again, and each refusal has one answer.
func TestCounts(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		one := world.Room("one")
		w.Begin(one)
		l := link(t, "alice", "one", nil, "one")
		c := calls(t, w, l)
		c.enters(t, one)
		var came []string
		round := 0
		say := func() {
			round++
			c.says(t, refusals(c.nick(), round)...)
		}
		say()
		c.gets(t, fmt.Sprint("ping", round))
		c.exact(t, "at first")
		for when, disturb := range map[string]func(){
			"after a cut":   func() {},
			"after kill -9": func() { w.Usher.Kill(); w.Usher.Start() },
		} {
			say() // on its way
			disturb()
			_ = c.Cut()
			came = append(came, c.Came()...)
			c = c.back(t, w, l)
			c.exact(t, when)
			say()
			c.gets(t, fmt.Sprint("ping", round))
			c.exact(t, when+", and a round later")
		}
		came = append(came, c.Came()...)
		for n := range round {
			answered(t, came, n+1)
		}
	})
}
