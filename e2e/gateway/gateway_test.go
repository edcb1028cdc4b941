package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/e2e/client"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestGatewayLinks has people follow links, one after the other into the same room; what they are there is what the
// first presence of their own says, and no other follows it.
func TestGatewayLinks(t *testing.T) {
	each(t, options(), func(t *testing.T, w *site) {
		for _, by := range transports() {
			t.Run(by.name, func(t *testing.T) { w.links(t, by) })
		}
		w.OneLogin(t, "account=bob@"+world.Meet, `"ticket given"`, `"login allowed" door=dovecot`, `"join allowed"`)
	})
}

func (w *site) links(t *testing.T, by transport) {
	one, two, three := "one-"+by.name, "two-"+by.name, "three-"+by.name
	for _, c := range []struct {
		account    string
		claim      any
		more       map[string]any
		room, want string
	}{
		{"alice", one, tokens.Moderator(), one, "moderator/owner"}, // makes the room
		{"bob", one, nil, one, "participant/member"},               // joins it
		{"carol", "*", tokens.Moderator(), one, "moderator/owner"}, // joins it by "*"
		{"dora", "*", tokens.Moderator(), two, "moderator/owner"},  // makes it by "*"
		{"erik", "*", nil, three, "participant/member"},            // likewise
		{"fred@gmail.com", one, nil, one, "participant/member"},
	} {
		p := w.follow(t, world.Meet, by.via(w, query(world.Token(t, c.account, c.claim, c.more), c.room)))
		if got := p.Joins(world.Room(c.room)); got != c.want {
			t.Errorf("%s in %s: first presence %s, want %s", c.account, c.room, got, c.want)
		}
		defer unchanged(t, p, world.Room(c.room))
	}
	guest := w.follow(t, world.Guests, by.via(w, query("", one)))
	if got := guest.Joins(world.Room(one)); got != "participant/none" {
		t.Errorf("guest: first presence %s", got)
	}
	_, err := w.dial(t, world.Meet, client.Login{Via: by.via(w, query("", one))})
	refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
	_, err = w.dial(t, world.Meet, client.Login{Via: by.via(w,
		query(tokens.Sign(t, world.Meet, map[string]any{"exp": 1}), one))})
	refusedFor(t, err, auth.ReasonExpired.ClientText())
	_, err = w.dial(t, world.Guests, client.Login{Via: by.via(w, query(world.Token(t, "alice", one, nil), one))})
	refusedFor(t, err, auth.ReasonUnknownHost.ClientText())
	focus := client.Plain("focus", "secret").Through(by.via(w, query("", one))).At("", world.Services)
	if s, err := client.Dial(world.Within(t), focus); err != nil {
		t.Errorf("a password of Prosody's own: %v", err)
	} else {
		_ = s.Close()
	}
}

// TestGatewayWithoutGuests: who has no token is told that he needs one, on every host and whatever he logs in with.
func TestGatewayWithoutGuests(t *testing.T) {
	o := options()
	o.Gateway += ", guests: false"
	each(t, o, func(t *testing.T, w *site) {
		for _, by := range transports() {
			_, err := w.dial(t, world.Guests, client.Login{Via: by.via(w, query("", "one"))})
			refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
			_, err = client.Dial(world.Within(t), client.Plain("focus",
				"secret").Through(by.via(w, query("", "one"))).At("", world.Services))
			refusedFor(t, err, auth.ReasonTokenRequired.ClientText())
			w.follow(t, world.Meet, by.via(w, query(world.Token(t, "alice", "one", nil), "one")))
		}
		w.smuggle(t)
	})
}

// smuggle sends a login inside of what Prosody takes for the beginning of a stream: it would let a guest in.
func (w *site) smuggle(t *testing.T) {
	t.Helper()
	conn, err := byWebSocket(w, query("", "one"))(world.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	_, err = io.WriteString(conn, "<stream:stream xmlns='jabber:client' "+
		"xmlns:stream='http://etherx.jabber.org/streams' to='"+world.Guests+"' version='1.0'>"+
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
	w := newSite(t, world.AnyVersion(t), options())
	q := query(world.Token(t, "alice", "one", nil), "one")
	evil := http.Header{"Host": {world.Meet}, "Origin": {"https://evil.example"}}
	by := client.WebSocket("ws://"+w.Usher.Gateway+"/xmpp-websocket"+q, evil)
	if _, err := w.dial(t, world.Meet, client.Login{Via: by}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("by WebSocket: %v", err)
	}
	by = client.BOSH("http://"+w.Usher.Gateway+"/http-bind"+q, evil)
	if _, err := w.dial(t, world.Meet, client.Login{Via: by}); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("by BOSH: %v", err)
	}
	native := http.Header{"Host": {world.Meet}, "Authorization": {"Bearer " + world.Token(t, "bob", "one", nil)}}
	p := w.follow(t, world.Meet, client.WebSocket("ws://"+w.Usher.Gateway+"/xmpp-websocket", native))
	if p.Bare() != "bob@"+world.Meet {
		t.Errorf("logged in as %s", p.JID())
	}
}

// TestGatewayProsodyRestarts: clients are told that their connection is over, and come back when Prosody has.
func TestGatewayProsodyRestarts(t *testing.T) {
	each(t, options(), func(t *testing.T, w *site) {
		q := query(world.Token(t, "alice", "one", tokens.Moderator()), "one")
		before := w.follow(t, world.Meet, byWebSocket(w, q))
		before.Joins(world.Room("one"))
		mark := w.Usher.Mark()
		if err := w.Prosody.Restart(world.Within(t)); err != nil {
			t.Fatal(err)
		}
		if err := before.Told(world.Within(t), "", "nobody says this"); err == nil ||
			errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the connection did not end: %v", err)
		}
		w.AwaitComponent(mark)
		after := w.follow(t, world.Meet, byWebSocket(w, q))
		if got := after.Joins(world.Room("one")); got != "moderator/owner" {
			t.Errorf("first presence %s", got)
		}
	})
}

// TestGatewayLobby: in a room that lets members in only, whoever has a token is a member by the time that Prosody
// sees his join, however soon after his login that is; a guest waits.
func TestGatewayLobby(t *testing.T) {
	o := options()
	o.Host = "    lobby: {rooms: {\"*\": on}, enforce: members-only}\n"
	each(t, o, func(t *testing.T, w *site) {
		follow := func(account string, claimed any, more map[string]any) *world.Person {
			return w.follow(t, world.Meet, byWebSocket(w, query(world.Token(t, account, claimed, more), "board")))
		}
		if got := follow("alice", "*", tokens.Moderator()).Joins(world.Room("board")); got != "moderator/owner" {
			t.Errorf("the moderator's first presence is %s", got)
		}
		w.Guest(t).IsRefused(world.Room("board"), "registration-required") // it is closed by now
		for account, claimed := range map[string]any{"bob": "board", "dave": "*", "erin": []any{"x", "board"}} {
			if got := follow(account, claimed, nil).Joins(world.Room("board")); got != "participant/member" {
				t.Errorf("%s's first presence is %s", account, got)
			}
		}
		if got := follow("carol", "*", tokens.Moderator()).Joins(world.Room("board")); got != "moderator/owner" {
			t.Errorf("another moderator's first presence is %s", got)
		}
	})
}
