package e2e

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

// gatewayOptions are those of a world with a gateway, as a Jitsi installation has it.
func gatewayOptions() roomsOptions {
	return roomsOptions{gateway: `origins: ["https://meet.example.com"]`}
}

func newGatewayWorld(t testing.TB, v prosody.Version, o roomsOptions) *roomsWorld {
	t.Helper()
	w := newRoomsWorld(t, v, o)
	w.usher.awaitFor(t, 0, "reloaded", 10*time.Second) // Prosody's address is known only after its start
	return w
}

func eachGateway(t *testing.T, o roomsOptions, test func(t *testing.T, w *roomsWorld)) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) { test(t, newGatewayWorld(t, v, o)) })
}

// query is what Jitsi's client puts behind its connection's address.
func query(token, room string, more ...string) string {
	q := url.Values{"room": {room}}
	if token != "" {
		q.Set("token", token)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return "?" + q.Encode()
}

// A transport is how a client reaches the gateway.
type transport struct {
	name string
	via  func(w *roomsWorld, query string) func(context.Context) (net.Conn, error)
}

// fromPage are the headers of a browser behind a web server, but for the address.
func fromPage() http.Header {
	return http.Header{"Host": {meet}, "Origin": {"https://" + meet}, "X-Forwarded-Proto": {"https"}, "Referer": {"https://" + meet + "/one?jwt=ey"}}
}

func byWebSocket(w *roomsWorld, query string) func(context.Context) (net.Conn, error) {
	return client.WebSocket("ws://"+w.usher.gateway+"/xmpp-websocket"+query, fromPage())
}

func byBOSH(w *roomsWorld, query string) func(context.Context) (net.Conn, error) {
	return client.BOSH("http://"+w.usher.gateway+"/http-bind"+query, fromPage())
}

func transports() []transport {
	return []transport{{"websocket", byWebSocket}, {"bosh", byBOSH}}
}

// dial logs in as Jitsi's client does: by ANONYMOUS without an initial response.
func (w *roomsWorld) dial(t testing.TB, host string, l client.Login) (*client.Session, error) {
	t.Helper()
	l.Mechanism = "ANONYMOUS"
	s, err := client.Dial(within(t), l.At("", host))
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// follow wants a link to lead to a login.
func (w *roomsWorld) follow(t testing.TB, host string, via func(context.Context) (net.Conn, error)) *person {
	t.Helper()
	s, err := w.dial(t, host, client.Login{Via: via})
	if err != nil {
		t.Fatalf("%v\n%s", err, w.usher.log())
	}
	return &person{Session: s, t: t, w: w}
}

func refusedFor(t testing.TB, err error, text string) {
	t.Helper()
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok || refused.Condition != "not-authorized" || refused.Text != text {
		t.Errorf("got %v, want not-authorized: %s", err, text)
	}
}

// TestGatewayLinks has people follow links, one after the other into the same room; what they are there is what the first
// presence of their own says, and no other follows it.
func TestGatewayLinks(t *testing.T) {
	eachGateway(t, gatewayOptions(), func(t *testing.T, w *roomsWorld) {
		for _, by := range transports() {
			t.Run(by.name, func(t *testing.T) { w.links(t, by) })
		}
	})
}

func (w *roomsWorld) links(t *testing.T, by transport) {
	one, two, three := "one-"+by.name, "two-"+by.name, "three-"+by.name
	for _, c := range []struct {
		account    string
		claim      any
		more       map[string]any
		room, want string
	}{
		{"alice", one, moderator, one, "moderator/owner"}, // makes the room
		{"bob", one, nil, one, "participant/member"},      // joins it
		{"carol", "*", moderator, one, "moderator/owner"}, // joins it by "*"
		{"dora", "*", moderator, two, "moderator/owner"},  // makes it by "*"
		{"erik", "*", nil, three, "participant/member"},   // likewise
		{"fred@gmail.com", one, nil, one, "participant/member"},
	} {
		p := w.follow(t, meet, by.via(w, query(token(t, meet, claims(c.account, c.claim, c.more)), c.room)))
		if got := p.join(room(c.room)); got != c.want {
			t.Errorf("%s in %s: first presence %s, want %s", c.account, c.room, got, c.want)
		}
		defer p.unchanged(room(c.room))
	}
	guest := w.follow(t, guests, by.via(w, query("", one)))
	if got := guest.join(room(one)); got != "participant/none" {
		t.Errorf("guest: first presence %s", got)
	}
	_, err := w.dial(t, meet, client.Login{Via: by.via(w, query("", one))})
	refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
	_, err = w.dial(t, meet, client.Login{Via: by.via(w, query(token(t, meet, map[string]any{"exp": 1}), one))})
	refusedFor(t, err, auth.ReasonExpired.ClientText())
	_, err = w.dial(t, guests, client.Login{Via: by.via(w, query(token(t, meet, claims("alice", one, nil)), one))})
	refusedFor(t, err, auth.ReasonUnknownHost.ClientText())
	if s, err := client.Dial(within(t), client.Login{Host: services, Mechanism: "PLAIN", Initial: []byte("\x00focus\x00secret"), Via: by.via(w, query("", one))}); err != nil {
		t.Errorf("a password of Prosody's own: %v", err)
	} else {
		_ = s.Close()
	}
}

// unchanged wants nothing to have been changed since the join.
func (p *person) unchanged(room string) {
	p.t.Helper()
	if n := p.Changes(room); n != 1 {
		p.t.Errorf("%s got %d presences of his own in %s", p.bare(), n, room)
	}
}

// TestGatewayWithoutGuests: who has no token is told that he needs one, on every host and whatever he logs in with.
func TestGatewayWithoutGuests(t *testing.T) {
	o := gatewayOptions()
	o.gateway += ", guests: false"
	eachGateway(t, o, func(t *testing.T, w *roomsWorld) {
		for _, by := range transports() {
			_, err := w.dial(t, guests, client.Login{Via: by.via(w, query("", "one"))})
			refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
			_, err = client.Dial(within(t), client.Plain("focus", "secret").Through(by.via(w, query("", "one"))).At("", services))
			refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
			w.follow(t, meet, by.via(w, query(token(t, meet, claims("alice", "one", nil)), "one")))
		}
		w.smuggle(t)
	})
}

// smuggle sends a login inside of what Prosody takes for the beginning of a stream: it would let a guest in.
func (w *roomsWorld) smuggle(t *testing.T) {
	t.Helper()
	conn, err := byWebSocket(w, query("", "one"))(within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = io.WriteString(conn, "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='"+guests+"' version='1.0'>"+
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/></stream:stream>")
	if err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if strings.Contains(string(said), "<success") || !strings.Contains(string(said), "bad-format") {
		t.Errorf("got %s, %v", said, err)
	}
}

// TestGatewayOrigin: a page of another site cannot use somebody's network, and other clients than browsers may come.
func TestGatewayOrigin(t *testing.T) {
	w := newGatewayWorld(t, anyVersion(t), gatewayOptions())
	q := query(token(t, meet, claims("alice", "one", nil)), "one")
	evil := http.Header{"Host": {meet}, "Origin": {"https://evil.example"}}
	if _, err := w.dial(t, meet, client.Login{Via: client.WebSocket("ws://"+w.usher.gateway+"/xmpp-websocket"+q, evil)}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("by WebSocket: %v", err)
	}
	if _, err := w.dial(t, meet, client.Login{Via: client.BOSH("http://"+w.usher.gateway+"/http-bind"+q, evil)}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("by BOSH: %v", err)
	}
	native := http.Header{"Host": {meet}, "Authorization": {"Bearer " + token(t, meet, claims("bob", "one", nil))}}
	p := w.follow(t, meet, client.WebSocket("ws://"+w.usher.gateway+"/xmpp-websocket", native))
	if p.bare() != "bob@"+meet {
		t.Errorf("logged in as %s", p.JID())
	}
}

// TestGatewayProsodyRestarts: clients are told that their connection is over, and come back when Prosody has.
func TestGatewayProsodyRestarts(t *testing.T) {
	eachGateway(t, gatewayOptions(), func(t *testing.T, w *roomsWorld) {
		q := query(token(t, meet, claims("alice", "one", moderator)), "one")
		before := w.follow(t, meet, byWebSocket(w, q))
		before.join(room("one"))
		mark := w.usher.mark(t)
		if err := w.prosody.Restart(within(t)); err != nil {
			t.Fatal(err)
		}
		if err := before.Told(within(t), "", "nobody says this"); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the connection did not end: %v", err)
		}
		w.awaitComponent(mark)
		after := w.follow(t, meet, byWebSocket(w, q))
		if got := after.join(room("one")); got != "moderator/owner" {
			t.Errorf("first presence %s", got)
		}
	})
}

// TestGatewayLobby: in a room that lets members in only, whoever has a token is a member by the time that Prosody sees his
// join, however soon after his login that is; a guest waits.
func TestGatewayLobby(t *testing.T) {
	o := gatewayOptions()
	o.host = "    lobby: {rooms: {\"*\": on}, enforce: members-only}\n"
	eachGateway(t, o, func(t *testing.T, w *roomsWorld) {
		follow := func(account string, claimed any, more map[string]any) *person {
			return w.follow(t, meet, byWebSocket(w, query(token(t, meet, claims(account, claimed, more)), "board")))
		}
		if got := follow("alice", "*", moderator).join(room("board")); got != "moderator/owner" {
			t.Errorf("the moderator's first presence is %s", got)
		}
		w.guest(t).refused(room("board"), waits("members-only")) // it is closed by now
		for account, claimed := range map[string]any{"bob": "board", "dave": "*", "erin": []any{"x", "board"}} {
			if got := follow(account, claimed, nil).join(room("board")); got != "participant/member" {
				t.Errorf("%s's first presence is %s", account, got)
			}
		}
		if got := follow("carol", "*", moderator).join(room("board")); got != "moderator/owner" {
			t.Errorf("another moderator's first presence is %s", got)
		}
	})
}
