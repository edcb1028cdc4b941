package gateway

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/gateway/stanza"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
)

const (
	sasl      = `xmlns="urn:ietf:params:xml:ns:xmpp-sasl"`
	streamTo  = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="Meet.example.com" version="1.0"/>`
	anonymous = `<auth ` + sasl + ` mechanism="ANONYMOUS"/>`
	success   = `<success ` + sasl + `/>`
	plain     = `<auth ` + sasl + ` mechanism="PLAIN">AGZvY3VzAHNlY3JldA==</auth>`
)

// withTicket is what becomes of a login, with the nth ticket that was asked for.
func withTicket(n string) string {
	return `<auth ` + sasl + ` mechanism="ANONYMOUS">` + base64.StdEncoding.EncodeToString([]byte(ticketText+n)) + `</auth>`
}

// guest logs in without a token.
func (w *world) guest() (client, prosody *wire) {
	w.t.Helper()
	client, prosody = w.open("")
	for _, s := range []string{streamTo, anonymous} {
		client.text(s)
		prosody.expect(s)
	}
	prosody.text(success)
	client.expect(success)
	return client, prosody
}

// stream is one of RFC 6120 in a single message. Prosody would see the login in
// it.
func stream(content string) string {
	return `<stream:stream xmlns:stream="http://etherx.jabber.org/streams" xmlns="jabber:client" to="` + host + `" version="1.0">` + content + `</stream:stream>`
}

// login logs in as Jitsi's client does.
func (w *world) login(token string) (client, prosody *wire) {
	w.t.Helper()
	client, prosody = w.open(token)
	client.text(streamTo)
	prosody.expect(streamTo)
	client.text(anonymous)
	prosody.expect(withTicket("1"))
	w.auth.use(ticketText + "1")
	prosody.text(success)
	client.expect(success)
	return client, prosody
}

// TestTicketTakesTheTokensPlace: one element is changed, and all around it is as
// it was, in both directions. Prosody learns nothing of the token.
func TestTicketTakesTheTokensPlace(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	header := http.Header{
		"Origin": {page}, "Referer": {page + "/?jwt=" + aliceToken}, "Authorization": {"Bearer " + aliceToken}, "Cookie": {"a=b"},
		"X-Envoy-Original-Path": {"/xmpp-websocket?token=" + aliceToken}, "User-Agent": {"Browser"}, "Content-Length": {"0"}, "Expect": {"100-continue"},
	}
	client, err := w.dial("&token="+aliceToken+"&previd=earlier&x=%41", header)
	if err != nil {
		t.Fatal(err)
	}
	prosody := w.upstream.socket()
	asked := prosody.asked
	if got, want := asked.URL.RawQuery, "room="+secretRoom+"&previd=earlier&x=%41"; got != want {
		t.Errorf("the query is %q, want %q", got, want)
	}
	if asked.Host != w.address || asked.Header.Get("User-Agent") != "Browser" || asked.Header.Get("Cookie") != "a=b" || asked.Header.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("Host %q, %v", asked.Host, asked.Header)
	}
	for name, values := range asked.Header {
		if strings.Contains(strings.Join(values, " "), secretWord) || name == "Content-Length" || name == "Expect" {
			t.Errorf("Prosody gets %s: %v", name, values)
		}
	}
	const features = `<stream:features xmlns:stream="http://etherx.jabber.org/streams"><mechanisms ` + sasl + `/></stream:features>`
	client.text(streamTo)
	prosody.expect(streamTo)
	prosody.text(features)
	client.expect(features)
	client.text(`<auth mechanism='ANONYMOUS' ` + sasl + ` x="&lt;" ></auth>`)
	prosody.expect(`<auth mechanism='ANONYMOUS' ` + sasl + ` x="&lt;" >` + base64.StdEncoding.EncodeToString([]byte(ticketText+"1")) + `</auth>`)
	prosody.text(success)
	client.expect(success)
	for _, s := range []string{streamTo, `<iq/>`, anonymous, `not XML`, random(3 * budget.Piece)} { // the login is over
		client.text(s)
		prosody.expect(s)
		prosody.text(s)
		client.expect(s)
	}
	want := auth.Credentials{Door: Door, Host: host, Token: aliceToken, Resumption: "earlier", Waiting: true}
	if got := w.auth.questions(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	if got := w.auth.told(&w.auth.cancelled); got != "" {
		t.Errorf("cancelled %s", got)
	}
}

// TestRefusals: the client is told what it may know, and nothing of its login
// reaches Prosody, which goes on with the next one.
func TestRefusals(t *testing.T) {
	for _, row := range []struct {
		name, token, login, condition, text string
	}{
		{"denied", refusedToken(auth.ReasonExpired), anonymous, "not-authorized", auth.ReasonExpired.ClientText()},
		{"undecided", refusedToken(auth.ReasonKeysUnavailable), anonymous, "temporary-auth-failure", auth.ReasonKeysUnavailable.ClientText()},
		{"no refusal", "else:", anonymous, "temporary-auth-failure", auth.ReasonKeysUnavailable.ClientText()},
		{"no token", "", anonymous, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"no token, a password", "", plain, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"an empty token", "&token=", anonymous, "not-authorized", auth.ReasonTokenRequired.ClientText()},
		{"two tokens", aliceToken + "&token=" + bobToken, anonymous, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"a token not encoded", "%zz", anonymous, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"a token not encoded, a password", "%zz", plain, "not-authorized", auth.ReasonMalformedRequest.ClientText()},
		{"in small letters", aliceToken, `<auth ` + sasl + ` mechanism="anonymous"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
		{"SASL 2", aliceToken, `<authenticate xmlns="urn:xmpp:sasl:2" mechanism="ANONYMOUS"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
		{"no namespace", aliceToken, `<auth mechanism="ANONYMOUS"/>`, "not-authorized", auth.ReasonUnsupportedMechanism.ClientText()},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, Options{}, noGuests)
			client, prosody := w.open(row.token)
			client.text(streamTo)
			client.text(row.login)
			prosody.expect(streamTo)
			client.expect(stanza.Failure(row.condition, row.text))
			client.closeFrame(ws.StatusNormalClosure, "")
			client.expectClose(ws.StatusNormalClosure, "")
			if w.auth.left() != 0 {
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
		`<response ` + sasl + `/>`,
	} {
		w := newWorld(t, Options{}, noGuests)
		client, prosody := w.open("")
		client.text(streamTo)
		client.text(other)
		prosody.expect(streamTo)
		client.expectOne("<stream:error ", "<not-authorized ", auth.ReasonTokenRequired.ClientText())
		client.expect(stanza.Close)
		client.expectClose(ws.StatusPolicyViolation, "")
		prosody.expect(stanza.Close)
		w.ended("policy")
	}
}

func TestFiveRefusals(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.open(refusedToken(auth.ReasonExpired))
	client.text(streamTo)
	prosody.expect(streamTo)
	for range login.MaxFailures {
		client.text(anonymous)
		client.expect(stanza.Failure("not-authorized", auth.ReasonExpired.ClientText()))
	}
	client.expectOne("<stream:error ", "<policy-violation ")
	client.expect(stanza.Close)
	client.expectClose(ws.StatusPolicyViolation, "")
	prosody.expect(stanza.Close)
	prosody.expectClose(ws.StatusNormalClosure, "")
	w.ended("policy")
}

// TestPasswordsPass where guests do: with a token in the address as well, which
// is then of no account.
func TestPasswordsPass(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.open(aliceToken)
	client.text(streamTo)
	prosody.expect(streamTo)
	client.text(plain)
	prosody.expect(plain)
	prosody.text(success)
	client.expect(success)
	client.text(join("a@conference.meet.example.com/nick"))
	prosody.expect(join("a@conference.meet.example.com/nick"))
	if len(w.auth.questions()) > 0 || w.rooms.told() != "" {
		t.Errorf("asked %v, told of %s", w.auth.questions(), w.rooms.told())
	}
}

// TestPasswordAfterATicket: who logs in otherwise after all is not whom the
// ticket was for.
func TestPasswordAfterATicket(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.open(aliceToken)
	client.text(streamTo)
	client.text(anonymous)
	prosody.expect(streamTo)
	prosody.expect(withTicket("1"))
	prosody.text(`<failure ` + sasl + `><not-authorized/></failure>`)
	client.expectOne("<failure")
	client.text(plain)
	prosody.expect(plain)
	w.eventually("the ticket is cancelled", func() bool { return w.auth.left() == 0 })
	prosody.text(success)
	client.expect(success)
	client.text(join("a@conference.meet.example.com/nick"))
	prosody.expect(join("a@conference.meet.example.com/nick"))
	if w.rooms.told() != "" {
		t.Errorf("told of %s", w.rooms.told())
	}
}

// TestGuestsPassUntouched, whatever they send once they have logged in.
func TestGuestsPassUntouched(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.guest()
	for _, s := range []string{streamTo, anonymous, "<a/><b/>", "<!-- -->", " ", "", "not XML", random(2 * budget.Piece), join("a@conference.meet.example.com/nick")} {
		client.text(s)
		prosody.expect(s)
	}
	client.text(join("a@conference.meet.example.com/nick"))
	prosody.expect(join("a@conference.meet.example.com/nick"))
	if len(w.auth.questions()) > 0 || w.rooms.told() != "" {
		t.Errorf("asked %v, told of %s", w.auth.questions(), w.rooms.told())
	}
}

// TestUnreadable: before the login nothing passes that could be another thing to
// Prosody than it is here, and the stream ends.
func TestUnreadable(t *testing.T) {
	for name, send := range map[string]func(*wire){
		"nothing":              func(c *wire) { c.text("") },
		"space":                func(c *wire) { c.text(" ") },
		"no XML":               func(c *wire) { c.text("auth") },
		"cut":                  func(c *wire) { c.text(anonymous[:20]) },
		"two elements":         func(c *wire) { c.text(streamTo + anonymous) },
		"a comment":            func(c *wire) { c.text("<!-- -->" + anonymous) },
		"an entity":            func(c *wire) { c.text(`<!DOCTYPE a [<!ENTITY b "c">]><a/>`) },
		"an end tag":           func(c *wire) { c.text("</stream>" + anonymous) },
		"a stream of RFC 6120": func(c *wire) { c.text(stream(anonymous)) },
		"an empty stream":      func(c *wire) { c.text(stream("")) },
		"many attributes":      func(c *wire) { c.text("<a" + strings.Repeat(" b", 200) + "/>") },
		"too long":             func(c *wire) { c.text(`<a>` + random(budget.Piece) + `</a>`) },
		"too long, in fragments": func(c *wire) {
			c.frame(false, ws.OpText, "<a>"+strings.Repeat("x", budget.Piece-3))
			c.frame(true, ws.OpContinuation, "</a>")
		},
	} {
		for setting, token := range map[string]string{"with a token": aliceToken, "without guests": ""} {
			t.Run(name+" "+setting, func(t *testing.T) {
				w := newWorld(t, Options{}, noGuests)
				client, prosody := w.open(token)
				send(client)
				client.expectOne("<stream:error ")
				client.expect(stanza.Close)
				client.expectClose(ws.StatusPolicyViolation, "")
				prosody.expect(stanza.Close) // ours
				prosody.expectClose(ws.StatusNormalClosure, "")
				prosody.expectEnd()
				w.ended("policy")
				if w.auth.left() != 0 {
					t.Error("a ticket is left")
				}
			})
		}
	}
}

// TestLoginThatHoldsElements: there is no place for a ticket in it.
func TestLoginThatHoldsElements(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.open(aliceToken)
	client.text(streamTo)
	prosody.expect(streamTo)
	client.text(`<auth ` + sasl + ` mechanism="ANONYMOUS"><x/></auth>`)
	client.expectOne("<stream:error ", "<policy-violation ")
	prosody.expect(stanza.Close)
	w.ended("policy")
	if w.auth.left() != 0 {
		t.Error("a ticket is left")
	}
}

func TestLoginTimeout(t *testing.T) {
	for _, l := range []login.Credentials{{Guests: true}, {Token: aliceToken}, {}} {
		piped(t, Options{}, l, func(t *testing.T, p *pipes) {
			p.beside.Go(func() { // not silent
				for p.client.try(true, ws.OpPong, "") == nil {
					time.Sleep(7 * time.Second)
				}
			})
			p.drained(p.prosody)
			start := time.Now()
			p.client.expectOne("<stream:error ", "<connection-timeout ")
			if took := time.Since(start); took < time.Minute || took > time.Minute+2*time.Second {
				t.Errorf("after %v", took)
			}
			p.client.expect(stanza.Close)
			p.client.expectClose(ws.StatusPolicyViolation, "")
			synctest.Wait()
			p.ended("login_timeout")
		})
	}
}

// TestLoggedInInTime: there is no timeout any more, and pings do for silence.
func TestLoggedInInTime(t *testing.T) {
	piped(t, Options{}, login.Credentials{Guests: true}, func(t *testing.T, p *pipes) {
		time.Sleep(59 * time.Second)
		p.prosody.text(success)
		p.client.expect(success)
		for range 10 {
			p.client.expectFrame(ws.OpPing)
			p.client.frame(true, ws.OpPong, "")
		}
		p.client.text("<a/>")
		p.prosody.expect("<a/>")
		synctest.Wait()
	})
}

// TestTicketsOfTheVanished are cancelled if the login did not succeed.
func TestTicketsOfTheVanished(t *testing.T) {
	for _, loggedIn := range []bool{false, true} {
		w := newWorld(t, Options{})
		client, prosody := w.open(aliceToken)
		client.text(streamTo)
		client.text(anonymous)
		prosody.expect(streamTo)
		prosody.expect(withTicket("1"))
		if loggedIn {
			prosody.text(success)
			client.expect(success)
		}
		_ = client.conn.Close()
		prosody.expectEnd()
		w.eventually("the session is over", func() bool { return w.taken() == 0 })
		if cancelled := w.auth.left() == 0; cancelled == loggedIn {
			t.Errorf("logged in %v: cancelled %v", loggedIn, cancelled)
		}
	}
}

// TestTicketOfATryBefore is cancelled with the next.
func TestTicketOfATryBefore(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.trying(aliceToken)
	client.text(anonymous)
	prosody.expect(withTicket("2"))
	if got := w.auth.told(&w.auth.cancelled); got != ticketText+"1" {
		t.Errorf("cancelled %q", got)
	}
}
