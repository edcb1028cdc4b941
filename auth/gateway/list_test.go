package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"
	"usher/metrics"

	"usher/auth/gateway/websocket"
)

// What becomes of something that a client says before its login.
const (
	passes  = "passes"
	ticket  = "passes with a ticket"
	refused = "is refused as a login"
	over    = "ends the stream"
)

const anyText = "no-token-but-some-text"

// wayIn is a way of connecting.
type wayIn struct {
	name, token string
	guests      bool
}

var waysIn = []wayIn{
	{"token, no guests", aliceToken, false},
	{"token, guests", aliceToken, true},
	{"any text, no guests", anyText, false},
	{"any text, guests", anyText, true},
	{"no token, no guests", "", false},
	{"no token, guests", "", true},
}

func (w wayIn) settings() func(*Settings) { return func(c *Settings) { c.Guests = w.guests } }

const (
	register = `<iq type="set" id="1" xmlns="jabber:client"><query xmlns="jabber:iq:register"><username>a</username><password>b</password></query></iq>`
	legacy   = `<iq type="set" id="1" xmlns="jabber:client"><query xmlns="jabber:iq:auth"><username>a</username><password>b</password><resource>c</resource></query></iq>`
)

// theList says for each way in of waysIn, in their order, what becomes of what a
// client says first.
var theList = map[string][6]string{
	anonymous: {ticket, ticket, refused, refused, refused, passes},
	plain:     {refused, passes, refused, passes, refused, passes},
	`<auth ` + sasl + ` mechanism="SCRAM-SHA-1">biwsbj11c2Vy</auth>`:                         {refused, passes, refused, passes, refused, passes},
	`<auth ` + sasl + ` mechanism="SCRAM-SHA-256">biwsbj11c2Vy</auth>`:                       {refused, passes, refused, passes, refused, passes},
	`<auth ` + sasl + ` mechanism="OAUTHBEARER">biwsbj11c2Vy</auth>`:                         {refused, passes, refused, passes, refused, passes},
	`<p:auth xmlns:p="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGEAYg==</p:auth>`: {refused, passes, refused, passes, refused, passes},

	`<auth ` + sasl + ` mechanism="EXTERNAL">=</auth>`:               all(refused),
	`<auth ` + sasl + ` mechanism="plain">AGEAYg==</auth>`:           all(refused),
	`<auth ` + sasl + ` mechanism="X-NEW">AGEAYg==</auth>`:           all(refused),
	`<auth ` + sasl + `>AGEAYg==</auth>`:                             all(refused),
	`<auth ` + sasl + ` mechanism="PLAIN"><x/></auth>`:               all(refused),
	`<auth xmlns="jabber:iq:auth" mechanism="PLAIN">AGEAYg==</auth>`: all(refused),
	`<authenticate xmlns="urn:xmpp:sasl:2" mechanism="PLAIN"/>`:      all(refused),
	register: all(over),
	legacy:   all(over),
	`<iq type="get" id="1"><query xmlns="jabber:iq:auth"/></iq>`:                  all(over),
	`<iq type="set" id="1"><preauth xmlns="urn:xmpp:pars:0" token="a"/></iq>`:     all(over),
	`<iq type="set" id="1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`: all(over),
	`<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`:                    all(over),
	`<response ` + sasl + `>AGEAYg==</response>`:                                  all(over),
	`<abort ` + sasl + `/>`:                                                  all(over),
	`<resume xmlns="urn:xmpp:sm:3" h="0" previd="a"/>`:                       all(over),
	`<enable xmlns="urn:xmpp:sm:3"/>`:                                        all(over),
	`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`:                    all(over),
	`<compress xmlns="http://jabber.org/protocol/compress"/>`:                all(over),
	`<handshake xmlns="jabber:component:accept">a</handshake>`:               all(over),
	`<message to="a@b"><auth ` + sasl + ` mechanism="ANONYMOUS"/></message>`: all(over),
	join(room + "/x"): all(over),
	`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="another.example"/>`:          all(over),
	`<body ` + bosh + ` rid="2" sid="s1"><auth ` + sasl + ` mechanism="PLAIN"/></body>`: all(over),
}

func all(s string) [6]string { return [6]string{s, s, s, s, s, s} }

// TestTheList by WebSocket.
func TestTheList(t *testing.T) {
	for said, want := range theList {
		for i, way := range waysIn {
			t.Run(way.name+" "+said, func(t *testing.T) {
				w := newWorld(t, Options{}, way.settings())
				client, prosody := w.open(way.token)
				client.text(streamTo)
				prosody.expect(streamTo)
				client.text(said)
				switch want[i] {
				case passes:
					prosody.expect(said)
				case ticket:
					prosody.expect(withTicket("1"))
				case refused:
					client.expectOne("<failure ", "<text>")
				case over:
					client.expectOne("<stream:error ", "<text ")
					client.expect(stanza.Close)
					client.expectClose(ws.StatusPolicyViolation, "")
					prosody.expect(stanza.Close)
					w.ended("policy")
				}
				_ = client.conn.Close()
				drained(t, prosody)
			})
		}
	}
}

// drained wants nothing to come but the end.
func drained(t *testing.T, c *wire) {
	t.Helper()
	for {
		f, err := c.next()
		if err != nil {
			return
		}
		if !f.Header.OpCode.IsControl() {
			t.Fatalf("Prosody gets %s", f.Payload)
		}
	}
}

// TestTheListByBOSH is the same, but for the beginning of a stream, which is a
// body's.
func TestTheListByBOSH(t *testing.T) {
	for said, want := range theList {
		for i, way := range waysIn {
			t.Run(way.name+" "+said, func(t *testing.T) {
				w := newWorld(t, Options{}, way.settings())
				w.session(way.token)
				sent := body(2, said)
				got := w.send(way.token, sent)
				switch want[i] {
				case passes:
					if x := w.upstream.post(); x.body != sent {
						t.Errorf("Prosody gets %s", x.body)
					} else {
						x.answer <- told()
					}
					<-got
				case ticket:
					if x := w.upstream.post(); x.body != body(2, withTicket("1")) {
						t.Errorf("Prosody gets %s", x.body)
					} else {
						x.answer <- told(success)
						w.auth.use(ticketText + "1")
					}
					<-got
				case refused, over:
					a := <-got
					a.wants(t, http.StatusOK, map[string]string{refused: "<failure ", over: `type="terminate"`}[want[i]])
					a.wants(t, http.StatusOK, "<text")
					w.farewell("2", terminated(""))
				}
				w.upstream.untouched()
			})
		}
	}
}

// farewell wants Prosody to be told that a session is over, and answers.
func (w *world) farewell(rid, answers string) {
	w.t.Helper()
	x := w.upstream.post()
	if want := stanza.Terminate("s1", rid, ""); x.body != want {
		w.t.Errorf("Prosody gets %s, want %s", x.body, want)
	}
	x.answer <- answers
}

// TestStepsOfALogin: the rest of one that Prosody decides passes while it is
// under way, and no longer.
func TestStepsOfALogin(t *testing.T) {
	const challenge, failure = `<challenge ` + sasl + `>AA==</challenge>`, `<failure ` + sasl + `><not-authorized/></failure>`
	const response, abort = `<response ` + sasl + `>AA==</response>`, `<abort ` + sasl + `/>`
	for name, row := range map[string]struct {
		passes []string // what the client says, and Prosody's answer
		last   string
	}{
		"after a failure":       {[]string{plain, failure}, response},
		"abort after a failure": {[]string{plain, failure}, abort},
		"after an abort":        {[]string{plain, challenge, abort, failure}, response},
		"a stanza within":       {[]string{plain, challenge, response, challenge}, register},
		"of a guest":            {[]string{anonymous, challenge}, response},
		"another login":         {[]string{plain, challenge, plain, failure}, response},
	} {
		w := newWorld(t, Options{})
		client, prosody := w.open("")
		client.text(streamTo)
		prosody.expect(streamTo)
		for i := 0; i < len(row.passes); i += 2 {
			client.text(row.passes[i])
			prosody.expect(row.passes[i])
			prosody.text(row.passes[i+1])
			client.expect(row.passes[i+1])
		}
		client.text(row.last)
		if got := client.expectFrame(ws.OpText); !strings.Contains(got, "<stream:error ") {
			t.Errorf("%s: got %s", name, got)
		}
		prosody.expect(stanza.Close)
	}
}

// TestTheBeginning: a stream begins with <open/>, once.
func TestTheBeginning(t *testing.T) {
	for _, way := range waysIn {
		for _, said := range [][]string{{anonymous}, {plain}, {`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`}, {streamTo, streamTo}, {`<open to="a"/>`},
			{`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"><auth ` + sasl + ` mechanism="PLAIN"/></open>`}} {
			w := newWorld(t, Options{}, way.settings())
			client, prosody := w.open(way.token)
			for i, s := range said {
				client.text(s)
				if i < len(said)-1 {
					prosody.expect(s)
				}
			}
			client.expectOne("<bad-format ", "&lt;open/&gt;")
			prosody.expect(stanza.Close)
		}
	}
}

// TestTheEnd that a client asks for before its login passes.
func TestTheEnd(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	client, prosody := w.open("")
	for _, s := range []string{streamTo, `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`} {
		client.text(s)
		prosody.expect(s)
	}
}

// TestMuchBeforeALogin: what is sent before a login is bounded, by whatever
// frames it comes.
func TestMuchBeforeALogin(t *testing.T) {
	for name, frame := range map[string]func(c *wire) []byte{
		"pings":           func(c *wire) []byte { return c.encoded(ws.Header{Fin: true, OpCode: ws.OpPing}, "") },
		"long pongs":      func(c *wire) []byte { return c.encoded(ws.Header{Fin: true, OpCode: ws.OpPong}, random(125)) },
		"empty fragments": func(c *wire) []byte { return c.encoded(ws.Header{OpCode: ws.OpContinuation}, "") },
	} {
		w := newWorld(t, Options{})
		client, prosody := w.open("")
		client.text(streamTo)
		prosody.expect(streamTo)
		client.frame(false, ws.OpText, "<")
		flood := strings.Repeat(string(frame(client)), websocket.EarlyBytes/websocket.FrameCost)
		go func() { _, _ = client.conn.Write([]byte(flood)) }()
		for {
			f, err := client.next()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if f.Header.OpCode == ws.OpText {
				if !strings.Contains(string(f.Payload), "Too much was sent before the login.") {
					t.Errorf("%s: %s", name, f.Payload)
				}
				break
			}
		}
		w.counted(metrics.GatewayEnded, "policy", 1)
	}
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	for range 2 * websocket.EarlyBytes / websocket.FrameCost / 100 {
		client.raw([]byte(strings.Repeat(string(client.encoded(ws.Header{Fin: true, OpCode: ws.OpPong}, "")), 100)))
	}
	client.text("<a/>")
	prosody.expect("<a/>")
}
