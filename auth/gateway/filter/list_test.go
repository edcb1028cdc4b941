package filter

import (
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/gateway/stanza"
)

const (
	sasl    = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
	framing = `xmlns="urn:ietf:params:xml:ns:xmpp-framing"`
	bosh    = `xmlns="http://jabber.org/protocol/httpbind"`
)

func parse(t testing.TB, s string) stanza.Element {
	t.Helper()
	e, err := stanza.Parse([]byte(s))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return e
}

// connections are the ways of connecting: a token, a text that cannot be one, or
// nothing, each without and with guests.
var connections = [6]Connection{
	{Token: true}, {Token: true, Guests: true},
	{Token: true, Unreadable: true}, {Token: true, Unreadable: true, Guests: true},
	{}, {Guests: true},
}

func all(d Decision) [6]Decision { return [6]Decision{d, d, d, d, d, d} }

// TestDecide is the list, for each of the connections.
func TestDecide(t *testing.T) {
	password := [6]Decision{Exchange, Begins, Exchange, Exchange, Exchange, Begins}
	for said, want := range map[string][6]Decision{
		`<auth ` + sasl + ` mechanism="ANONYMOUS"/>`:                             {Exchange, Exchange, Exchange, Exchange, Exchange, Passes},
		`<auth ` + sasl + ` mechanism="PLAIN">AA==</auth>`:                       password,
		`<auth ` + sasl + ` mechanism="SCRAM-SHA-1">AA==</auth>`:                 password,
		`<auth ` + sasl + ` mechanism="SCRAM-SHA-256">AA==</auth>`:               password,
		`<auth ` + sasl + ` mechanism="SCRAM-SHA-512">AA==</auth>`:               password,
		`<auth ` + sasl + ` mechanism="OAUTHBEARER">AA==</auth>`:                 password,
		`<p:auth xmlns:p="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN"/>`: password,
		`<auth ` + sasl + ` mechanism="SCRAM-SHA-1-PLUS"/>`:                      all(Exchange),
		`<auth ` + sasl + ` mechanism="EXTERNAL"/>`:                              all(Exchange),
		`<auth ` + sasl + ` mechanism="plain"/>`:                                 all(Exchange),
		`<auth ` + sasl + ` mechanism="anonymous"/>`:                             all(Exchange),
		`<auth ` + sasl + `/>`:                                                   all(Exchange),
		`<auth ` + sasl + ` mechanism="PLAIN"><x/></auth>`:                       all(Exchange),
		`<auth mechanism="PLAIN"/>`:                                              all(Exchange),
		`<auth xmlns="jabber:iq:auth" mechanism="PLAIN"/>`:                       all(Exchange),
		`<authenticate xmlns="urn:xmpp:sasl:2" mechanism="PLAIN"/>`:              all(Exchange),
		`<iq type="set"><query xmlns="jabber:iq:register"/></iq>`:                all(Forbidden),
		`<iq type="set"><query xmlns="jabber:iq:auth"/></iq>`:                    all(Forbidden),
		`<iq type="set"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`:   all(Forbidden),
		`<message/>`:             all(Forbidden),
		`<presence to="a@b/c"/>`: all(Forbidden),
		`<resume xmlns="urn:xmpp:sm:3" h="0" previd="a"/>`:                             all(Forbidden),
		`<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>`:                          all(Forbidden),
		`<x><auth ` + sasl + ` mechanism="PLAIN"/></x>`:                                all(Forbidden),
		`<open ` + framing + `/>`:                                                      all(Forbidden),
		`<response ` + sasl + `><x/></response>`:                                       all(Forbidden),
		`<response>AA==</response>`:                                                    all(Forbidden),
		`<abort xmlns="jabber:client"/>`:                                               all(Forbidden),
		`<body ` + bosh + `><auth ` + sasl + ` mechanism="PLAIN"/></body>`:             all(Forbidden),
		`<handshake xmlns="jabber:component:accept">a</handshake>`:                     all(Forbidden),
		`<failure ` + sasl + `/>`:                                                      all(Forbidden),
		`<AUTH ` + sasl + ` mechanism="PLAIN"/>`:                                       all(Forbidden),
		`<authzid xmlns="urn:xmpp:sasl:2" mechanism="PLAIN"/>`:                         all(Forbidden),
		`<stream:stream xmlns:stream="http://etherx.jabber.org/streams" to="a.test"/>`: all(Forbidden),
	} {
		for i, c := range connections {
			for _, underWay := range []bool{false, true} { // which is of no account for these
				if got := c.Decide(parse(t, said), underWay); got != want[i] {
					t.Errorf("%+v, under way %v, %s: %d, want %d", c, underWay, said, got, want[i])
				}
			}
		}
	}
	for said, want := range map[string]Decision{`<response ` + sasl + `>AA==</response>`: Continues, `<abort ` + sasl + `/>`: Aborts} {
		for _, c := range connections {
			if got := c.Decide(parse(t, said), true); got != want {
				t.Errorf("%+v, under way, %s: %d", c, said, got)
			}
			if got := c.Decide(parse(t, said), false); got != Forbidden {
				t.Errorf("%+v, %s: %d", c, said, got)
			}
		}
	}
}

// TestRefusal: a ticket can be asked for where there is a token and the login has
// a place for one.
func TestRefusal(t *testing.T) {
	anonymous, password := parse(t, `<auth `+sasl+` mechanism="ANONYMOUS"/>`), parse(t, `<auth `+sasl+` mechanism="PLAIN"/>`)
	for c, want := range map[Connection][2]auth.Reason{
		{Token: true}:               {"", auth.ReasonUnsupportedMechanism},
		{Token: true, Guests: true}: {"", auth.ReasonUnsupportedMechanism},
		{}:                          {auth.ReasonTokenRequired, auth.ReasonTokenRequired},
		{Guests: true}:              {auth.ReasonUnsupportedMechanism, auth.ReasonUnsupportedMechanism},
	} {
		for i, e := range []stanza.Element{anonymous, password} {
			var got auth.Reason
			if refusal := c.Refusal(e); refusal != nil {
				got = refusal.Reason
			}
			if got != want[i] {
				t.Errorf("%+v, login %d: %q, want %q", c, i, got, want[i])
			}
		}
	}
}

// TestTold: who needs a token is told so.
func TestTold(t *testing.T) {
	for i, c := range connections {
		condition, text := c.Told()
		if wantsToken := text == auth.ReasonTokenRequired.ClientText(); condition != "not-authorized" || wantsToken != (i == 4) {
			t.Errorf("%+v: %s, %s", c, condition, text)
		}
	}
}

// TestPosition: a stream begins once, and as RFC 7395 has it.
func TestPosition(t *testing.T) {
	const open, end = `<open ` + framing + ` to="Meet.example.com"/>`, `<close ` + framing + `/>`
	const message, old = `<message/>`, `<stream:stream xmlns:stream="http://etherx.jabber.org/streams" to="a.test"/>`
	for _, row := range []struct {
		said []string
		want []Position
	}{
		{[]string{open, message, end}, []Position{Framed, Inside, Framed}},
		{[]string{open, open}, []Position{Framed, Misplaced}},
		{[]string{open, old}, []Position{Framed, Misplaced}},
		{[]string{old}, []Position{Misplaced}},
		{[]string{message, open}, []Position{Misplaced, Framed}},
		{[]string{end}, []Position{Misplaced}},
		{[]string{`<open to="a"/>`}, []Position{Misplaced}},
		{[]string{`<open ` + framing + `><x/></open>`}, []Position{Misplaced}},
		{[]string{open, `<open to="a"/>`}, []Position{Framed, Inside}},
	} {
		var s Stream
		for i, said := range row.said {
			if got := s.Position(parse(t, said)); got != row.want[i] {
				t.Errorf("%s after %q: %d, want %d", said, row.said[:i], got, row.want[i])
			}
		}
		if s.opened && s.Host != "Meet.example.com" {
			t.Errorf("%q: the host is %q", row.said, s.Host)
		}
	}
}

func TestHarmless(t *testing.T) {
	const ping = `<iq type="get" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>`
	for content, want := range map[string]bool{
		"": true, ping: true, ping + ping: true, ping + `<message/>`: true,
		`<auth ` + sasl + ` mechanism="PLAIN"/>`: false, ping + `<x/>`: false, strings.Replace(ping, "get", "set", 1) + ping: false,
	} {
		b, err := stanza.ParseBody([]byte(`<body ` + bosh + `>` + content + `</body>`))
		if err != nil {
			t.Fatal(err)
		}
		if got := Harmless(b); got != want {
			t.Errorf("%s: %v", content, got)
		}
	}
}

// FuzzDecide holds: only logins and their steps pass, and a ticket is asked for
// nothing but a login.
func FuzzDecide(f *testing.F) {
	for _, s := range []string{`<auth ` + sasl + ` mechanism="ANONYMOUS"/>`, `<response ` + sasl + `/>`, `<message/>`, `<a:auth xmlns:a="b"/>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := stanza.Parse([]byte(s))
		if err != nil {
			return
		}
		for _, c := range connections {
			for _, underWay := range []bool{false, true} {
				d := c.Decide(e, underWay)
				_, isLogin := e.Login()
				step := e.Step()
				ok := map[Decision]bool{
					Forbidden: !isLogin, Exchange: isLogin, Passes: isLogin && step == stanza.StepAuth && c.Guests, Begins: isLogin && step == stanza.StepAuth && c.Guests,
					Continues: step == stanza.StepResponse && underWay, Aborts: step == stanza.StepAbort && underWay,
				}
				if !ok[d] || c.Unreadable && (d == Passes || d == Begins) {
					t.Fatalf("%+v, under way %v, %q: %d", c, underWay, s, d)
				}
			}
		}
	})
}
