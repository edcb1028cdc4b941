package driver_test

import (
	"strings"
	"testing"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

const within = driver.Patience

var owner = page.Rank{Role: "moderator", Affiliation: "owner"}

// A person without a token is a guest; who comes first creates the room.
func TestGuests(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := start(t, v, `authentication = "anonymous"`)
		for transport, query := range map[string]string{"websocket": "", "bosh": "?transport=bosh"} {
			t.Run(transport, func(t *testing.T) {
				first := w.browser.Open(t, site+"Board-"+transport+query)
				joined := first.Joined(t)
				if joined.Transport != transport ||
					joined.RoomJID != "board-"+transport+"@conference.meet.example.com" ||
					!strings.HasSuffix(joined.JID, "@guest.meet.example.com/"+resource(joined.JID)) ||
					joined.First != owner {
					t.Errorf("got %+v", joined)
				}
				second := w.browser.Open(t, site+"board-"+transport+query)
				if got := second.Joined(t); got.First != (page.Rank{Role: "participant", Affiliation: "none"}) {
					t.Errorf("the second is %+v", got.First)
				}
				first.Do(t, `meet.send("Hello, nginx")`)
				second.Await(t, `meet.messages.some((m) => m.text === "Hello, nginx")`, within)
				first.Await(t, `Object.keys(meet.occupants).length === 2 && meet.messages.length === 1`, within)
				first.Screenshot(t, "guests-"+transport+"-"+string(v))
				second.Leave(t)
				first.Await(t, `Object.keys(meet.occupants).length === 1`, within)
				first.Close()
			})
		}
	})
}

func resource(jid string) string {
	_, after, _ := strings.Cut(jid, "/")
	return after
}

// A connection that drops is resumed where the account is the same: nobody sees anything of it.
func TestResumption(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := start(t, v, knowsAlice(t))
		p := w.browser.Open(t, site+"board?jwt="+token)
		before := p.Joined(t)
		if !strings.HasPrefix(before.JID, "alice@meet.example.com/") {
			t.Errorf("logged in as %s", before.JID)
		}
		other := w.browser.Open(t, site+"board")
		other.Joined(t)
		if err := w.nginx.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Await(t, `meet.connects === 2 && meet.status === "joined"`, within)
		p.Screenshot(t, "resumed-"+string(v))
		after := p.State(t)
		if after.Resumed == nil || !*after.Resumed || after.Joins != 1 || after.JID != before.JID ||
			after.Previd == "" {
			t.Errorf("got %+v", after)
		}
		// An anonymous account is another one with every login, so a guest joins anew.
		other.Await(t, `meet.connects === 2 && meet.status === "joined"`, within)
		if got := other.State(t); *got.Resumed || got.Joins != 2 {
			t.Errorf("got %+v", got)
		}
		other.Do(t, `meet.send("Are you still there?")`)
		p.Await(t, `meet.messages.some((m) => m.text === "Are you still there?")`, within)
	})
}
