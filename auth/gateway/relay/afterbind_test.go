package relay

import (
	"bytes"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// TestWhatPasses after the login.
func TestWhatPasses(t *testing.T) {
	for said, passes := range map[string]bool{
		`<r xmlns="urn:xmpp:sm:3"/>`: true, `<a xmlns="urn:xmpp:sm:3" h="1"/>`: true, `<enable xmlns="urn:xmpp:sm:3"/>`: true,
		`<active xmlns="urn:xmpp:csi:0"/>`: true, `<inactive xmlns="urn:xmpp:csi:0"/>`: true,
		`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`: true,
		`<message xmlns="jabber:client" to="a@b"/>`:            true,
		`<iq xmlns="jabber:client" type="get"/>`:               true,
		`<presence xmlns="jabber:client"/>`:                    true,
		`<message xmlns="` + stanza.NamespaceBOSH + `"/>`:      true,
		`<message/>`: false, `<message xmlns="jabber:server"/>`: false,
		`<presence xmlns="x" to="` + room + `/n">` + mucX + `</presence>`: false,
		open: false, anon: false, `<stream xmlns="http://etherx.jabber.org/streams"/>`: false,
		`<active xmlns="other"/>`: false, `<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`: false,
	} {
		b := newBench(t, nil)
		b.login()
		if v := b.up(said); passes != (v.End == nil) {
			t.Errorf("%s: %+v", said, v.End)
		}
	}
	b := newBench(t, nil)
	b.login()
	if v := b.up(again); string(v.Answer) != stanza.NotResumed("urn:xmpp:sm:3", "unexpected-request") {
		t.Errorf("%+v", v)
	}
}

// TestJoins: every available presence to an address is decided; what is refused goes to
// Prosody as a ping, and comes back as the answer.
func TestJoins(t *testing.T) {
	const two, late, early = "two@conference.meet.example.com/n", "late@conference.meet.example.com/n", "early@conference.meet.example.com/n"
	prefixed := `<m:x xmlns:m="http://jabber.org/protocol/muc"/>`
	for _, row := range []struct{ said, asked, answer string }{
		{presence(room+"/n", "", mucX), "join " + room + "/n", ""},
		{presence(room, "", mucX), "join " + room, ""},
		{presence(two, "", mucX), "join " + two, "another room"},
		{presence(two, "", prefixed), "join " + two, "another room"},
		{presence(two, `type=""`, mucX), "join " + two, "another room"},
		{presence(two, `type="visible"`, mucX), "join " + two, "another room"},
		{presence(two, `from="x@y/z"`, mucX), "join " + two, "another room"},
		{presence(late, "", mucX), "join " + late, "<authentication-required "},
		{presence(early, "", mucX), "join " + early, "not started"},
		{presence("x@bridges.example.com/n", "", mucX), "join x@bridges.example.com/n", "no rooms at this address"},
		{presence("meet.example.com", "", ""), "conference meet.example.com", "no rooms at this address"},
		{presence("b@meet.example.com/res", "", ""), "conference b@meet.example.com/res", "no rooms at this address"},
		{presence(two, "", ""), "conference " + two, ""}, // Prosody refuses who is no occupant
		{presence(two, "", `<x xmlns="vcard-temp:x:update"/>`), "conference " + two, ""},
		{presence(two, `type="unavailable"`, mucX), "", ""},
		{presence(two, `type="error"`, ""), "", ""},
		{presence(two, `type="probe"`, ""), "", ""},
		{presence("b@meet.example.com", `type="subscribe"`, ""), "", ""},
		{`<presence xmlns="jabber:client">` + mucX + `</presence>`, "", ""},
	} {
		b := newBench(t, nil)
		b.login()
		v := b.up(row.said)
		asked := strings.ReplaceAll(strings.Join(b.rooms.events, ", "), " u-1@meet.example.com ", " ")
		if asked != row.asked {
			t.Errorf("%s: asked %q, want %q", row.said, asked, row.asked)
		}
		if row.answer == "" {
			b.passes(v)
			continue
		}
		answer := b.pong(v)
		if !strings.Contains(answer, row.answer) || strings.Contains(answer, "not-authorized") || !strings.Contains(answer, `id="p1"`) {
			t.Errorf("%s: the answer is %s", row.said, answer)
		}
	}
}

// pong has Prosody answer the ping that passed, and returns what the client gets.
func (b *bench) pong(v Verdict) string {
	b.t.Helper()
	ping := b.read(string(v.Replace))
	if ping.Name.Local != "iq" || ping.Attribute("to") != host {
		b.t.Fatalf("%s passes, want a ping", v.Replace)
	}
	pong := `<iq xmlns="jabber:client" type="result" from="` + host + `" to="` + full + `" id="` + ping.Attribute("id") + `"/>`
	if !b.stream.Minds([]byte(pong)) {
		b.t.Fatal("the pong is not looked at")
	}
	return string(b.down(pong).Replace)
}

// TestPongOfARoom: what a room or a guest sends with an id of ours is no answer.
func TestPongOfARoom(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	ping := b.read(string(b.up(presence("two@conference.meet.example.com/n", "", mucX)).Replace))
	for _, from := range []string{room + "/evil", "evil@" + host + "/x", "conference." + host} {
		b.passes(b.down(`<iq xmlns="jabber:client" type="result" from="` + from + `" to="` + full + `" id="` + ping.Attribute("id") + `"/>`))
	}
}

// TestTooLongToRefuse: the stream ends.
func TestTooLongToRefuse(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	b.ends(b.up(presence("x@y/"+strings.Repeat("n", swap.MostRefused), "", mucX)), "policy-violation")
}

// TestConference: the request carries an inner token, wherever the client's was.
func TestConference(t *testing.T) {
	request := func(of, room, token string) string {
		return `<iq xmlns="jabber:client" type="` + of + `" id="c1" to="focus.meet.example.com"><conference xmlns="` + namespaceFocus +
			`" room="` + room + `"` + token + ` machine-uid="m"><property name="a" value="b"/></conference></iq>`
	}
	b := newBench(t, nil)
	b.login()
	for _, token := range []string{"", ` token="outer"`, ` token=''`} {
		if got := string(b.up(request("set", room, token)).Replace); !strings.Contains(got, ` token="inner.to.ken"`) && !strings.Contains(got, ` token='inner.to.ken'`) ||
			strings.Contains(got, "outer") || !strings.Contains(got, `<property name="a" value="b"/>`) {
			t.Errorf("with %q: %s", token, got)
		}
	}
	v := b.up(request("set", "early@conference.meet.example.com", ""))
	if answer := b.pong(v); !strings.Contains(answer, `type="auth"><not-authorized `) || !strings.Contains(answer, `from="focus.`) {
		t.Errorf("an early guest gets %s", answer)
	}
	if got := b.up(request("set", "two@conference.meet.example.com", "")).Replace; !bytes.Contains(got, []byte("inner")) {
		t.Errorf("another room: %s", got) // its join is refused, with a text that the page shows
	}
	b.passes(b.up(request("result", room, ` token="outer"`)))
	b = newBench(t, func(c *Client) { c.EarlyGuests = false })
	b.login()
	if v := b.up(request("set", "early@conference.meet.example.com", "")); !bytes.Contains(v.Replace, []byte("inner")) {
		t.Errorf("where only the join is decided: %s", v.Replace)
	}
	b.logins.innerFails = true
	if v := b.up(request("set", room, ` token="outer"`)); bytes.Contains(v.Replace, []byte("outer")) || v.Replace == nil {
		t.Errorf("without an inner token: %s", v.Replace)
	}
}

// TestConferenceInDisguise: however the namespace is written, the client's token goes no further.
func TestConferenceInDisguise(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	within := ` room="` + room + `" token="outer"/></iq></body>`
	for _, body := range []string{
		`<body xmlns="` + stanza.NamespaceBOSH + `" xmlns:f="` + namespaceFocus + `"><iq xmlns="jabber:client" type="set" id="1"><f:conference` + within,
		`<body xmlns="` + stanza.NamespaceBOSH + `"><iq type="set" id="1"><conference xmlns="http://jitsi.org/protocol/&#102;ocus"` + within,
		`<body xmlns="` + stanza.NamespaceBOSH + `"><iq type="set" id="1"><conference xmlns="` + namespaceFocus + `"` + within,
	} {
		parsed, err := stanza.ParseBody([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		v := b.stream.FromClient(t.Context(), parsed.Children[0])
		if bytes.Contains(v.Replace, []byte("outer")) || !bytes.Contains(v.Replace, []byte("inner.to.ken")) {
			t.Errorf("%s becomes %s, %+v", body, v.Replace, v.End)
		}
	}
}

// TestPasses: of a bound stream a message need not be read, and nothing else goes by unread.
func TestPasses(t *testing.T) {
	b := newBench(t, nil)
	message := []byte(`<message xmlns="jabber:client" to="one@conference.meet.example.com" type="groupchat"><body>a</body></message>`)
	if b.stream.Passes(message) {
		t.Error("it passes before the account is recorded")
	}
	b.login()
	if !b.stream.Passes(message) {
		t.Error("it has to be read")
	}
	for _, other := range []string{"presence", "iq"} {
		if b.stream.Passes(bytes.ReplaceAll(message, []byte("message"), []byte(other))) {
			t.Errorf("a %s passes unread", other)
		}
	}
}
