package relay

import (
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// A caller is somebody by WebSocket of whom every message is seen.
type caller struct {
	*client.Wire
	jid, id string // id: by which the stream is resumed
}

// calls follows a link and binds an account, whose stream may be resumed.
func calls(t testing.TB, w *world.World, l world.Link) *caller {
	t.Helper()
	c := &caller{Wire: w.Wire(t, l)}
	var err error
	if c.jid, err = c.Bind(world.Within(t)); err == nil {
		c.id, err = c.Enable(world.Within(t))
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Usher.Log())
	}
	return c
}

// back follows a link once more, and takes up the stream.
func (c *caller) back(t testing.TB, w *world.World, l world.Link) *caller {
	t.Helper()
	l.Resume = c.id
	again := &caller{Wire: w.Wire(t, l), jid: c.jid, id: c.id}
	if err := again.Resume(world.Within(t), c.id, c.Wire); err != nil {
		t.Fatalf("resuming: %v\n%s", err, w.Usher.Log())
	}
	return again
}

func (c *caller) bare() string {
	bare, _, _ := strings.Cut(c.jid, "/")
	return bare
}

// nick is the name in rooms.
func (c *caller) nick() string {
	local, _, _ := strings.Cut(c.jid, "@")
	return local
}

func (c *caller) says(t testing.TB, messages ...string) {
	t.Helper()
	if err := c.Send(messages...); err != nil {
		t.Fatal(err)
	}
}

func (c *caller) gets(t testing.TB, parts ...string) string {
	t.Helper()
	message, err := c.Await(world.Within(t), parts...)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// joining is the presence that asks to enter a room.
func joining(room, nick string) string {
	return "<presence to='" + room + "/" + nick + "'><x xmlns='" + muc + "'/>" +
		"<nick xmlns='http://jabber.org/protocol/nick'>" + nick + "</nick></presence>"
}

// enters joins a room that is there, and returns role/affiliation of the first presence: of a
// later one where the join took longer than usher holds one back.
func (c *caller) enters(t testing.TB, room string) string {
	t.Helper()
	began := time.Now()
	c.says(t, joining(room, c.nick()))
	for {
		own := c.gets(t, "<presence", room+"/", "code='110'")
		_, item, _ := strings.Cut(own, "<item ")
		item = "<item " + item
		affiliation := client.Attribute(item, "affiliation")
		if affiliation == "none" && time.Since(began) > world.Held && strings.HasSuffix(c.bare(), "@"+world.Meet) {
			continue // the component has not got to it before the join
		}
		return client.Attribute(item, "role") + "/" + affiliation
	}
}

// pings has everything that was sent before be handled.
func (c *caller) pings(t testing.TB, id string) {
	t.Helper()
	c.says(t, "<iq type='get' id='"+id+"' to='"+world.Meet+"'><ping xmlns='urn:xmpp:ping'/></iq>")
	c.gets(t, "<iq", id)
}

// recording is a link whose token says whether its holder may record.
func recording(t testing.TB, account string, may bool, more map[string]any) world.Link {
	t.Helper()
	claims := tokens.Claims(account, "*", more)
	claims["context"].(map[string]any)["features"] = map[string]any{"recording": may}
	return world.Link{Token: tokens.Sign(t, world.Meet, claims), Room: "one"}
}

// of are the messages that have a part.
func of(messages []string, part string) (list []string) {
	for _, m := range messages {
		if strings.Contains(m, part) {
			list = append(list, m)
		}
	}
	return list
}
