package parsed

import (
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// A comparison counts what it has seen.
type comparison struct {
	*Oracle
	passed, ended, refusedThere, replaced int
}

// compare has both read a text, and says what differs.
func (c *comparison) compare(way Way, opening, text []byte) error {
	before, judges := [][]byte{opening}, newGateway().frame
	if way == BOSH {
		before, judges = nil, newGateway().body
	} else if !opens(opening) {
		c.ended++
		return nil
	}
	goesOn, list, ok := judges(text)
	if !ok {
		c.ended++
		return nil
	}
	c.passed++
	events, err := c.last(way, before, text)
	if err != nil {
		return err
	}
	if slices.Contains(events, "error") {
		c.refusedThere++
	}
	if err := same(events, list); err != nil {
		return err
	}
	if string(goesOn) == string(text) {
		return nil
	}
	c.replaced++
	changed, err := c.last(way, before, goesOn)
	if err != nil {
		return err
	}
	return fits(changed, list)
}

func (c *comparison) last(way Way, before [][]byte, text []byte) ([]string, error) {
	answers, err := c.Read(way, append(slices.Clone(before), text)...)
	if err != nil {
		return nil, err
	}
	if len(before) > 0 && slices.Contains(answers[0], "error") {
		return []string{"error"}, nil
	}
	events := answers[len(answers)-1]
	if way == BOSH { // a body may also end the session
		events = slices.DeleteFunc(events, func(s string) bool { return s == "closed" })
	}
	return events, nil
}

// same holds: what Prosody has read the gateway has judged, as that. After an error Prosody ends the stream.
func same(events []string, list []judged) error {
	for i, event := range events {
		if event == "error" {
			return nil
		}
		if i >= len(list) {
			return fmt.Errorf("Prosody alone reads %s", event)
		}
		if list[i].shown != "" && list[i].shown != event {
			return fmt.Errorf("Prosody reads %s, the gateway %s", event, list[i].shown)
		}
		if event == "closed" {
			continue
		}
		n, err := readNode(event)
		if err != nil {
			return err
		}
		if err := rightly(n, list[i]); err != nil {
			return fmt.Errorf("%s: %w", event, err)
		}
	}
	if rest := list[len(events):]; len(rest) > 0 {
		return fmt.Errorf("the gateway alone reads %s", rest[0].shown)
	}
	return nil
}

var entersNothing = []string{"unavailable", "error", "probe", "subscribe", "subscribed", "unsubscribe",
	"unsubscribed"}

// rightly holds: a join was decided, for the room that Prosody would let the client join; and a request
// to jicofo goes on with an inner token, or not at all.
func rightly(n node, j judged) error {
	if n.space != "jabber:client" {
		return nil
	}
	to := n.attributes["to"]
	switch n.name {
	case "presence":
		if to == "" || slices.Contains(entersNothing, n.attributes["type"]) {
			return nil
		}
		what := "about "
		if j.shown == "" || slices.ContainsFunc(n.inside, func(x node) bool { return x.is(stanza.NamespaceMUC, "x") }) {
			what = "join "
		}
		if len(j.asked) != 1 || !strings.HasPrefix(j.asked[0], what) || escape(strings.TrimPrefix(j.asked[0],
			what)) != to {
			return fmt.Errorf("the rooms were asked %q", j.asked)
		}
	case "iq":
		of := n.attributes["type"]
		if (of == "set" || of == "get") && len(n.inside) == 1 && n.inside[0].is(focus, "conference") &&
			j.verdict.Replace == nil {
			return fmt.Errorf("the request goes on as it is")
		}
	}
	return nil
}

// fits holds: what goes on is one element for each that was judged. What was not replaced is what it was, and what
// was is a ping, silence, or the same with an inner token.
func fits(events []string, list []judged) error {
	for i, event := range events {
		if event == "error" {
			return nil
		}
		if i >= len(list) {
			return fmt.Errorf("%s was put in", event)
		}
		if err := list[i].becomes(event); err != nil {
			return err
		}
	}
	if len(events) < len(list) {
		return fmt.Errorf("of %d elements %q went on", len(list), events)
	}
	return nil
}

func (j judged) becomes(event string) error {
	is, err := readNode(event)
	if err != nil {
		return err
	}
	if isPing(is) || isSilence(is) || j.shown == "" {
		return nil
	}
	was, err := readNode(j.shown)
	if err != nil {
		return err
	}
	if j.verdict.Replace == nil && reflect.DeepEqual(was, is) || withToken(was, is) {
		return nil
	}
	return fmt.Errorf("%s became %s", j.shown, event)
}

func isPing(n node) bool {
	return n.is(stanza.NamespaceClient, "iq") && n.attributes["to"] == host && n.attributes["type"] == "get" &&
		len(n.attributes) == 3 &&
		len(n.inside) == 1 && n.inside[0].is("urn:xmpp:ping", "ping")
}

func isSilence(n node) bool {
	return n.is(stanza.NamespaceClient, "iq") && maps.Equal(n.attributes, map[string]string{"to": host,
		"type": "result"}) && len(n.inside) == 0
}

func withToken(was, is node) bool {
	if len(was.inside) != 1 || !was.inside[0].is(focus, "conference") {
		return false
	}
	was.inside[0].attributes["token"] = inner
	return reflect.DeepEqual(was, is)
}

var (
	each = flag.Uint64("each", 5_000, "how many documents are compared by each way with each Prosody")
	from = flag.Uint64("from", 0, "the seed of the first")
)

// TestReadAlike compares generated documents, always the same ones.
func TestReadAlike(t *testing.T) {
	for _, way := range []Way{WebSocket, BOSH} {
		t.Run(string(way), func(t *testing.T) {
			prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
				c := &comparison{Oracle: open(t, v)}
				wrong := 0
				for seed := *from; seed < *from+*each; seed++ {
					g := newGenerator(seed)
					opening, text := g.opening(), g.document(way)
					err := c.compare(way, opening, text)
					if err == nil {
						continue
					}
					t.Errorf("%d: %.2000q, then %.2000q: %.4000s", seed, opening, text, err)
					if wrong++; wrong >= 20 { // more would say no more
						return
					}
				}
				t.Logf("of %d documents %d passed, of which Prosody refused %d and %d were rewritten", *each, c.passed,
					c.refusedThere, c.replaced)
				if n := uint64(c.passed); n < *each/3 || c.refusedThere > c.passed/2 || c.replaced < c.passed/20 {
					t.Error("they say little: most should pass, and many be rewritten")
				}
			})
		})
	}
}

// FuzzReadAlike is the same with any documents.
func FuzzReadAlike(f *testing.F) {
	for seed := range uint64(200) {
		g := newGenerator(seed)
		f.Add(false, g.opening(), g.document(WebSocket))
		f.Add(true, []byte(nil), g.document(BOSH))
	}
	var list []*comparison
	for _, v := range prosody.Versions() {
		prosodytest.Require(f, v)
		list = append(list, &comparison{Oracle: open(f, v)})
	}
	f.Fuzz(func(t *testing.T, bosh bool, opening, text []byte) {
		way := WebSocket
		if bosh {
			way = BOSH
		}
		for _, c := range list {
			if err := c.compare(way, opening, text); err != nil {
				t.Error(err)
			}
		}
	})
}

func open(t testing.TB, v prosody.Version) *Oracle {
	t.Helper()
	o, err := Open(v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}
