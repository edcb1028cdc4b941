package relay

import (
	"bytes"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
)

// TestHiddenJoins: a presence whose elements cannot be read is a join to its address.
func TestHiddenJoins(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	many := strings.Repeat("<a/>", stanza.MaxChildren)
	two := "two@conference.meet.example.com/n"
	if v := b.up(presence(two, "", many+mucX)); v.Replace == nil {
		t.Error("it passes")
	}
	b.passes(b.up(presence(two, "", many))) // an update, which a room answers where it is of no occupant
	b.passes(b.up(presence(room+"/n", "", many+mucX)))
}

// TestInheritedConference: a request to jicofo is known by a namespace from around it, with or without a prefix.
func TestInheritedConference(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	for _, document := range []string{
		`<b:body xmlns:b="http://jabber.org/protocol/httpbind" xmlns="http://jitsi.org/protocol/focus">` +
			`<b:iq type="set" id="1" to="focus.meet.example.com"><conference room="` + room + `" token="outer"/></b:iq></b:body>`,
		`<body xmlns="http://jabber.org/protocol/httpbind" xmlns:f="http://jitsi.org/protocol/&#102;ocus">` +
			`<iq type="set" id="1" to="focus.meet.example.com"><f:conference room="` + room + `" token="outer"/></iq></body>`,
	} {
		body, err := stanza.ParseBody([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		v := b.stream.FromClient(t.Context(), body.Children[0])
		if !bytes.Contains(v.Replace, []byte(`token="inner.to.ken"`)) {
			t.Errorf("%s becomes %s", document, v.Replace)
		}
	}
}
