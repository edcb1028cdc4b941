package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/auth/gateway/websocket"
	"usher/metrics"
)

// What becomes of something that a client says before its login.
const (
	passes  = "passes"
	ticket  = "passes with a ticket"
	refused = "is refused as a login"
	over    = "ends the stream"
)

// of has guests be let in, or not.
func of(way gatewaytest.WayIn) func(*Settings) { return func(c *Settings) { c.Guests = way.Guests } }

// theList says for each way in of [gatewaytest.WaysIn], in their order, what becomes of what a
// client says first.
var theList = map[string][6]string{
	gatewaytest.Anonymous: {ticket, ticket, refused, refused, refused, passes},
	gatewaytest.Plain:     {refused, passes, refused, passes, refused, passes},
	`<auth ` + gatewaytest.SASL + ` mechanism="SCRAM-SHA-1">biwsbj11c2Vy</auth>`:             {refused, passes, refused, passes, refused, passes},
	`<auth ` + gatewaytest.SASL + ` mechanism="SCRAM-SHA-256">biwsbj11c2Vy</auth>`:           {refused, passes, refused, passes, refused, passes},
	`<auth ` + gatewaytest.SASL + ` mechanism="OAUTHBEARER">biwsbj11c2Vy</auth>`:             {refused, passes, refused, passes, refused, passes},
	`<p:auth xmlns:p="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGEAYg==</p:auth>`: {refused, passes, refused, passes, refused, passes},

	`<auth ` + gatewaytest.SASL + ` mechanism="EXTERNAL">=</auth>`:     all(refused),
	`<auth ` + gatewaytest.SASL + ` mechanism="plain">AGEAYg==</auth>`: all(refused),
	`<auth ` + gatewaytest.SASL + ` mechanism="X-NEW">AGEAYg==</auth>`: all(refused),
	`<auth ` + gatewaytest.SASL + `>AGEAYg==</auth>`:                   all(refused),
	`<auth ` + gatewaytest.SASL + ` mechanism="PLAIN"><x/></auth>`:     all(refused),
	`<auth xmlns="jabber:iq:auth" mechanism="PLAIN">AGEAYg==</auth>`:   all(refused),
	`<authenticate xmlns="urn:xmpp:sasl:2" mechanism="PLAIN"/>`:        all(refused),
	gatewaytest.Register: all(over),
	gatewaytest.Legacy:   all(over),
	`<iq type="get" id="1"><query xmlns="jabber:iq:auth"/></iq>`:                                                all(over),
	`<iq type="set" id="1"><preauth xmlns="urn:xmpp:pars:0" token="a"/></iq>`:                                   all(over),
	`<iq type="set" id="1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`:                               all(over),
	`<iq type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`:                                                  all(over),
	`<response ` + gatewaytest.SASL + `>AGEAYg==</response>`:                                                    all(over),
	`<abort ` + gatewaytest.SASL + `/>`:                                                                         all(over),
	`<resume xmlns="urn:xmpp:sm:3" h="0" previd="a"/>`:                                                          all(over),
	`<enable xmlns="urn:xmpp:sm:3"/>`:                                                                           all(over),
	`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`:                                                       all(over),
	`<compress xmlns="http://jabber.org/protocol/compress"/>`:                                                   all(over),
	`<handshake xmlns="jabber:component:accept">a</handshake>`:                                                  all(over),
	`<message to="a@b"><auth ` + gatewaytest.SASL + ` mechanism="ANONYMOUS"/></message>`:                        all(over),
	gatewaytest.Join(gatewaytest.Room + "/x"):                                                                   all(over),
	`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="another.example"/>`:                                  all(over),
	`<body ` + gatewaytest.BOSH + ` rid="2" sid="s1"><auth ` + gatewaytest.SASL + ` mechanism="PLAIN"/></body>`: all(over),
}

func all(s string) [6]string { return [6]string{s, s, s, s, s, s} }

// TestTheList by WebSocket.
func TestTheList(t *testing.T) {
	for said, want := range theList {
		for i, way := range gatewaytest.WaysIn() {
			t.Run(way.Name+" "+said, func(t *testing.T) {
				w := newWorld(t, Options{}, of(way))
				client, prosody := w.Open(way.Token)
				client.Text(gatewaytest.StreamTo)
				prosody.Expect(gatewaytest.StreamTo)
				client.Text(said)
				switch want[i] {
				case passes:
					prosody.Expect(said)
				case ticket:
					prosody.Expect(gatewaytest.WithTicket("1"))
				case refused:
					client.ExpectOne("<failure ", "<text>")
				case over:
					client.ExpectOne("<stream:error ", "<text ")
					client.Expect(stanza.Close)
					client.ExpectClose(ws.StatusPolicyViolation, "")
					prosody.Expect(stanza.Close)
					w.Ended("policy")
				}
				_ = client.Conn.Close()
				prosody.Drained()
			})
		}
	}
}

// TestTheListByBOSH is the same, but for the beginning of a stream, which is a
// body's.
func TestTheListByBOSH(t *testing.T) {
	for said, want := range theList {
		for i, way := range gatewaytest.WaysIn() {
			t.Run(way.Name+" "+said, func(t *testing.T) {
				w := newWorld(t, Options{}, of(way))
				w.Session(way.Token)
				sent := gatewaytest.Body(2, said)
				got := w.Send(way.Token, sent)
				switch want[i] {
				case passes:
					if x := w.Upstream.Post(); x.Body != sent {
						t.Errorf("Prosody gets %s", x.Body)
					} else {
						x.Answer <- gatewaytest.Told()
					}
					<-got
				case ticket:
					if x := w.Upstream.Post(); x.Body != gatewaytest.Body(2, gatewaytest.WithTicket("1")) {
						t.Errorf("Prosody gets %s", x.Body)
					} else {
						x.Answer <- gatewaytest.Told(gatewaytest.Success)
						w.Auth.Use(gatewaytest.TicketText + "1")
					}
					<-got
				case refused, over:
					a := <-got
					a.Wants(t, http.StatusOK, map[string]string{refused: "<failure ", over: `type="terminate"`}[want[i]])
					a.Wants(t, http.StatusOK, "<text")
					w.Farewell("2", gatewaytest.Terminated(""))
				}
				w.Upstream.Untouched()
			})
		}
	}
}

// TestStepsOfALogin: the rest of one that Prosody decides passes while it is
// under way, and no longer.
func TestStepsOfALogin(t *testing.T) {
	const challenge, failure = `<challenge ` + gatewaytest.SASL + `>AA==</challenge>`, `<failure ` + gatewaytest.SASL + `><not-authorized/></failure>`
	const response, abort = `<response ` + gatewaytest.SASL + `>AA==</response>`, `<abort ` + gatewaytest.SASL + `/>`
	for name, row := range map[string]struct {
		passes []string // what the client says, and Prosody's answer
		last   string
	}{
		"after a failure":       {[]string{gatewaytest.Plain, failure}, response},
		"abort after a failure": {[]string{gatewaytest.Plain, failure}, abort},
		"after an abort":        {[]string{gatewaytest.Plain, challenge, abort, failure}, response},
		"a stanza within":       {[]string{gatewaytest.Plain, challenge, response, challenge}, gatewaytest.Register},
		"of a guest":            {[]string{gatewaytest.Anonymous, challenge}, response},
		"another login":         {[]string{gatewaytest.Plain, challenge, gatewaytest.Plain, failure}, response},
	} {
		w := newWorld(t, Options{})
		client, prosody := w.Open("")
		client.Text(gatewaytest.StreamTo)
		prosody.Expect(gatewaytest.StreamTo)
		for i := 0; i < len(row.passes); i += 2 {
			client.Text(row.passes[i])
			prosody.Expect(row.passes[i])
			prosody.Text(row.passes[i+1])
			client.Expect(row.passes[i+1])
		}
		client.Text(row.last)
		if got := client.ExpectFrame(ws.OpText); !strings.Contains(got, "<stream:error ") {
			t.Errorf("%s: got %s", name, got)
		}
		prosody.Expect(stanza.Close)
	}
}

// TestTheBeginning: a stream begins with <open/>, once.
func TestTheBeginning(t *testing.T) {
	for _, way := range gatewaytest.WaysIn() {
		for _, said := range [][]string{{gatewaytest.Anonymous}, {gatewaytest.Plain}, {`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`}, {gatewaytest.StreamTo, gatewaytest.StreamTo}, {`<open to="a"/>`},
			{`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing"><auth ` + gatewaytest.SASL + ` mechanism="PLAIN"/></open>`}} {
			w := newWorld(t, Options{}, of(way))
			client, prosody := w.Open(way.Token)
			for i, s := range said {
				client.Text(s)
				if i < len(said)-1 {
					prosody.Expect(s)
				}
			}
			client.ExpectOne("<bad-format ", "&lt;open/&gt;")
			if len(said) > 1 { // else Prosody was not connected to
				prosody.Expect(stanza.Close)
			} else {
				w.Upstream.Untouched()
			}
		}
	}
}

// TestTheEnd that a client asks for before its login passes.
func TestTheEnd(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	client, prosody := w.Open("")
	for _, s := range []string{gatewaytest.StreamTo, `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`} {
		client.Text(s)
		prosody.Expect(s)
	}
}

// TestMuchBeforeALogin: what is sent before a login is bounded, by whatever
// frames it comes.
func TestMuchBeforeALogin(t *testing.T) {
	for name, frame := range map[string]func(c *gatewaytest.Wire) []byte{
		"pings": func(c *gatewaytest.Wire) []byte { return c.Encoded(ws.Header{Fin: true, OpCode: ws.OpPing}, "") },
		"long pongs": func(c *gatewaytest.Wire) []byte {
			return c.Encoded(ws.Header{Fin: true, OpCode: ws.OpPong}, gatewaytest.Random(125))
		},
		"empty fragments": func(c *gatewaytest.Wire) []byte { return c.Encoded(ws.Header{OpCode: ws.OpContinuation}, "") },
	} {
		w := newWorld(t, Options{})
		client, prosody := w.Open("")
		client.Text(gatewaytest.StreamTo)
		prosody.Expect(gatewaytest.StreamTo)
		client.Frame(false, ws.OpText, "<")
		flood := strings.Repeat(string(frame(client)), websocket.EarlyBytes/websocket.FrameCost)
		go func() { _, _ = client.Conn.Write([]byte(flood)) }()
		for {
			f, err := client.Next()
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
		w.Counted(metrics.GatewayEnded, "policy", 1)
	}
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	for range 2 * websocket.EarlyBytes / websocket.FrameCost / 100 {
		client.Raw([]byte(strings.Repeat(string(client.Encoded(ws.Header{Fin: true, OpCode: ws.OpPong}, "")), 100)))
	}
	client.Text("<a/>")
	prosody.Expect("<a/>")
}
