package gateway

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
)

// TestTicketTakesTheTokensPlace: one element is changed, and all around it is as
// it was, in both directions. Prosody learns nothing of the token.
func TestTicketTakesTheTokensPlace(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	header := http.Header{
		"Origin": {gatewaytest.Page}, "Referer": {gatewaytest.Page + "/?jwt=" + gatewaytest.AliceToken}, "Authorization": {"Bearer " + gatewaytest.AliceToken}, "Cookie": {"a=b"},
		"X-Envoy-Original-Path": {"/xmpp-websocket?token=" + gatewaytest.AliceToken}, "User-Agent": {"Browser"}, "Content-Length": {"0"}, "Expect": {"100-continue"},
	}
	client, err := w.Dial("&token="+gatewaytest.AliceToken+"&previd=earlier&x=%41", header)
	if err != nil {
		t.Fatal(err)
	}
	client.Text(gatewaytest.StreamTo)
	prosody := w.Upstream.Socket()
	asked := prosody.Asked
	if got, want := asked.URL.RawQuery, "room="+gatewaytest.SecretRoom+"&previd=earlier&x=%41"; got != want {
		t.Errorf("the query is %q, want %q", got, want)
	}
	if asked.Host != w.Address || asked.Header.Get("User-Agent") != "Browser" || asked.Header.Get("Cookie") != "a=b" || asked.Header.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("Host %q, %v", asked.Host, asked.Header)
	}
	for name, values := range asked.Header {
		if strings.Contains(strings.Join(values, " "), gatewaytest.SecretWord) || name == "Content-Length" || name == "Expect" {
			t.Errorf("Prosody gets %s: %v", name, values)
		}
	}
	const features = `<stream:features xmlns:stream="http://etherx.jabber.org/streams"><mechanisms ` + gatewaytest.SASL + `/></stream:features>`
	prosody.Expect(gatewaytest.StreamTo)
	prosody.Text(features)
	client.Expect(features)
	client.Text(`<auth mechanism='ANONYMOUS' ` + gatewaytest.SASL + ` x="&lt;" ></auth>`)
	prosody.Expect(`<auth mechanism='ANONYMOUS' ` + gatewaytest.SASL + ` x="&lt;" >` + base64.StdEncoding.EncodeToString([]byte(gatewaytest.TicketText+"1")) + `</auth>`)
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	for _, s := range []string{gatewaytest.StreamTo, `<iq/>`, gatewaytest.Anonymous, `not XML`, gatewaytest.Random(3 * budget.Piece)} { // the login is over
		client.Text(s)
		prosody.Expect(s)
		prosody.Text(s)
		client.Expect(s)
	}
	want := auth.Credentials{Door: Door, Host: gatewaytest.Host, Token: gatewaytest.AliceToken, Resumption: "earlier", Waiting: true}
	if got := w.Auth.Questions(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	if got := w.Auth.Cancelled(); got != "" {
		t.Errorf("cancelled %s", got)
	}
}

// TestRefusals: the client is told what it may know, and nothing of its login
// reaches Prosody, which goes on with the next one.
func TestRefusals(t *testing.T) {
	for _, row := range []struct {
		name, token, login, condition, text string
	}{
		{"denied", gatewaytest.RefusedToken(auth.ReasonExpired), gatewaytest.Anonymous, "not-authorized", auth.ReasonExpired.ClientText()},
		{"undecided", gatewaytest.RefusedToken(auth.ReasonKeysUnavailable), gatewaytest.Anonymous, "temporary-auth-failure", auth.ReasonKeysUnavailable.ClientText()},
		{"cut", "cut", gatewaytest.Anonymous, "not-authorized", auth.ReasonMalformed.LinkText()},
		{"no refusal", "else:", gatewaytest.Anonymous, "temporary-auth-failure", auth.ReasonKeysUnavailable.ClientText()},
		{"no token", "", gatewaytest.Anonymous, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"no token, a password", "", gatewaytest.Plain, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"an empty token", "&token=", gatewaytest.Anonymous, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"two tokens", gatewaytest.AliceToken + "&token=" + gatewaytest.BobToken, gatewaytest.Anonymous, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"a token not encoded", "%zz", gatewaytest.Anonymous, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"a token not encoded, a password", "%zz", gatewaytest.Plain, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"in small letters", gatewaytest.AliceToken, `<auth ` + gatewaytest.SASL + ` mechanism="anonymous"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
		{"SASL 2", gatewaytest.AliceToken, `<authenticate xmlns="urn:xmpp:sasl:2" mechanism="ANONYMOUS"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
		{"no namespace", gatewaytest.AliceToken, `<auth mechanism="ANONYMOUS"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, Options{}, noGuests)
			client, prosody := w.Open(row.token)
			client.Text(gatewaytest.StreamTo)
			client.Text(row.login)
			prosody.Expect(gatewaytest.StreamTo)
			client.Expect(stanza.Failure(row.condition, row.text))
			client.CloseFrame(ws.StatusNormalClosure, "")
			client.ExpectClose(ws.StatusNormalClosure, "")
			if w.Auth.Left() != 0 {
				t.Error("a ticket was made")
			}
		})
	}
}

// TestTokenFirst: who has no token, and would need one, gets nothing to Prosody that might be another way in.
func TestTokenFirst(t *testing.T) {
	for _, other := range []string{
		`<iq type="set" id="1"><query xmlns="jabber:iq:auth"><username>a</username><password>b</password></query></iq>`,
		`<iq type="set" id="1"><query xmlns="jabber:iq:register"><username>a</username><password>b</password></query></iq>`,
		`<response ` + gatewaytest.SASL + `/>`,
	} {
		w := newWorld(t, Options{}, noGuests)
		client, prosody := w.Open("")
		client.Text(gatewaytest.StreamTo)
		client.Text(other)
		prosody.Expect(gatewaytest.StreamTo)
		client.ExpectOne("<stream:error ", "<not-authorized ", auth.ReasonTokenRequired.ClientText())
		client.Expect(stanza.Close)
		client.ExpectClose(ws.StatusPolicyViolation, "")
		prosody.Expect(stanza.Close)
		w.Ended("policy")
	}
}

func TestFiveRefusals(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Open(gatewaytest.RefusedToken(auth.ReasonExpired))
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	for range login.MaxFailures {
		client.Text(gatewaytest.Anonymous)
		client.Expect(stanza.Failure("not-authorized", auth.ReasonExpired.ClientText()))
	}
	client.ExpectOne("<stream:error ", "<policy-violation ")
	client.Expect(stanza.Close)
	client.ExpectClose(ws.StatusPolicyViolation, "")
	prosody.Expect(stanza.Close)
	prosody.ExpectClose(ws.StatusNormalClosure, "")
	w.Ended("policy")
}

// TestPasswordsPass where guests do: with a token in the address as well, which
// is then of no account.
func TestPasswordsPass(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Open(gatewaytest.AliceToken)
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	client.Text(gatewaytest.Plain)
	prosody.Expect(gatewaytest.Plain)
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	client.Text(gatewaytest.Join("a@conference.meet.example.com/nick"))
	prosody.Expect(gatewaytest.Join("a@conference.meet.example.com/nick"))
	if len(w.Auth.Questions()) > 0 || w.Rooms.Told() != "" {
		t.Errorf("asked %v, told of %s", w.Auth.Questions(), w.Rooms.Told())
	}
}

// TestPasswordAfterATicket: who logs in otherwise after all is not whom the
// ticket was for.
func TestPasswordAfterATicket(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Open(gatewaytest.AliceToken)
	client.Text(gatewaytest.StreamTo)
	client.Text(gatewaytest.Anonymous)
	prosody.Expect(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.WithTicket("1"))
	prosody.Text(`<failure ` + gatewaytest.SASL + `><not-authorized/></failure>`)
	client.ExpectOne("<failure")
	client.Text(gatewaytest.Plain)
	prosody.Expect(gatewaytest.Plain)
	w.Eventually("the ticket is cancelled", func() bool { return w.Auth.Left() == 0 })
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	client.Text(gatewaytest.Join("a@conference.meet.example.com/nick"))
	prosody.Expect(gatewaytest.Join("a@conference.meet.example.com/nick"))
	if w.Rooms.Told() != "" {
		t.Errorf("told of %s", w.Rooms.Told())
	}
}

// TestGuestsPassUntouched, whatever they send once they have logged in.
func TestGuestsPassUntouched(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Guest()
	for _, s := range []string{gatewaytest.StreamTo, gatewaytest.Anonymous, "<a/><b/>", "<!-- -->", " ", "", "not XML", gatewaytest.Random(2 * budget.Piece), gatewaytest.Join("a@conference.meet.example.com/nick")} {
		client.Text(s)
		prosody.Expect(s)
	}
	client.Text(gatewaytest.Join("a@conference.meet.example.com/nick"))
	prosody.Expect(gatewaytest.Join("a@conference.meet.example.com/nick"))
	if len(w.Auth.Questions()) > 0 || w.Rooms.Told() != "" {
		t.Errorf("asked %v, told of %s", w.Auth.Questions(), w.Rooms.Told())
	}
}

// TestUnreadable: before the login nothing passes that could be another thing to
// Prosody than it is here, and the stream ends.
func TestUnreadable(t *testing.T) {
	for name, send := range map[string]func(*gatewaytest.Wire){
		"nothing":              func(c *gatewaytest.Wire) { c.Text("") },
		"space":                func(c *gatewaytest.Wire) { c.Text(" ") },
		"no XML":               func(c *gatewaytest.Wire) { c.Text("auth") },
		"cut":                  func(c *gatewaytest.Wire) { c.Text(gatewaytest.Anonymous[:20]) },
		"two elements":         func(c *gatewaytest.Wire) { c.Text(gatewaytest.StreamTo + gatewaytest.Anonymous) },
		"a comment":            func(c *gatewaytest.Wire) { c.Text("<!-- -->" + gatewaytest.Anonymous) },
		"an entity":            func(c *gatewaytest.Wire) { c.Text(`<!DOCTYPE a [<!ENTITY b "c">]><a/>`) },
		"an end tag":           func(c *gatewaytest.Wire) { c.Text("</stream>" + gatewaytest.Anonymous) },
		"a stream of RFC 6120": func(c *gatewaytest.Wire) { c.Text(gatewaytest.Stream(gatewaytest.Anonymous)) },
		"an empty stream":      func(c *gatewaytest.Wire) { c.Text(gatewaytest.Stream("")) },
		"many attributes":      func(c *gatewaytest.Wire) { c.Text("<a" + strings.Repeat(" b", 200) + "/>") },
		"too long":             func(c *gatewaytest.Wire) { c.Text(`<a>` + gatewaytest.Random(budget.Piece) + `</a>`) },
		"too long, in fragments": func(c *gatewaytest.Wire) {
			c.Frame(false, ws.OpText, "<a>"+strings.Repeat("x", budget.Piece-3))
			c.Frame(true, ws.OpContinuation, "</a>")
		},
	} {
		for setting, token := range map[string]string{"with a token": gatewaytest.AliceToken, "without guests": ""} {
			t.Run(name+" "+setting, func(t *testing.T) {
				w := newWorld(t, Options{}, noGuests)
				client, prosody := w.Open(token)
				client.Text(gatewaytest.StreamTo)
				prosody.Expect(gatewaytest.StreamTo)
				send(client)
				client.ExpectOne("<stream:error ")
				client.Expect(stanza.Close)
				client.ExpectClose(ws.StatusPolicyViolation, "")
				prosody.Expect(stanza.Close) // ours
				prosody.ExpectClose(ws.StatusNormalClosure, "")
				prosody.ExpectEnd()
				w.Ended("policy")
				if w.Auth.Left() != 0 {
					t.Error("a ticket is left")
				}
			})
		}
	}
}

// TestLoginThatHoldsElements: there is no place for a ticket in it.
func TestLoginThatHoldsElements(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Open(gatewaytest.AliceToken)
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	client.Text(`<auth ` + gatewaytest.SASL + ` mechanism="ANONYMOUS"><x/></auth>`)
	client.ExpectOne("<stream:error ", "<policy-violation ")
	prosody.Expect(stanza.Close)
	w.Ended("policy")
	if w.Auth.Left() != 0 {
		t.Error("a ticket is left")
	}
}

// TestTicketsOfTheVanished are cancelled if the login did not succeed.
func TestTicketsOfTheVanished(t *testing.T) {
	for _, loggedIn := range []bool{false, true} {
		w := newWorld(t, Options{})
		client, prosody := w.Open(gatewaytest.AliceToken)
		client.Text(gatewaytest.StreamTo)
		client.Text(gatewaytest.Anonymous)
		prosody.Expect(gatewaytest.StreamTo)
		prosody.Expect(gatewaytest.WithTicket("1"))
		if loggedIn {
			prosody.Text(gatewaytest.Success)
			client.Expect(gatewaytest.Success)
		}
		_ = client.Conn.Close()
		prosody.ExpectEnd()
		w.Eventually("the session is over", func() bool { return w.taken() == 0 })
		if cancelled := w.Auth.Left() == 0; cancelled == loggedIn {
			t.Errorf("logged in %v: cancelled %v", loggedIn, cancelled)
		}
	}
}

// TestTicketOfATryBefore is cancelled with the next.
func TestTicketOfATryBefore(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Trying(gatewaytest.AliceToken)
	client.Text(gatewaytest.Anonymous)
	prosody.Expect(gatewaytest.WithTicket("2"))
	if got := w.Auth.Cancelled(); got != gatewaytest.TicketText+"1" {
		t.Errorf("cancelled %q", got)
	}
}

// TestWhatComesWithTheHandshake: nothing is lost that either side sent together
// with it, also when it is more than a buffer.
func TestWhatComesWithTheHandshake(t *testing.T) {
	w := newWorld(t, Options{})
	first, long := gatewaytest.StreamTo, `<auth `+gatewaytest.SASL+` mechanism="PLAIN">`+strings.Repeat("A", 3000)+`</auth>`
	request := "GET " + WebSocketPath + "?room=" + gatewaytest.SecretRoom + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"
	client := w.Connect()
	client.Raw(append(append([]byte(request), client.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, first)...),
		client.Encoded(ws.Header{Fin: true, OpCode: ws.OpText}, long)...))
	prosody := w.Upstream.Socket()
	prosody.Text("<second/>")
	prosody.Text(long)
	prosody.Expect(first)
	prosody.Expect(long)
	client.Head("101 Switching Protocols")
	client.Expect("<second/>")
	client.Expect(long)
}
