package gateway

import (
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
)

// leftRooms say who has left which room.
type leftRooms struct {
	someRooms
	left chan string
}

func (r leftRooms) Left(q relay.JoinRequest) { r.left <- q.Account + " " + q.To }

// TestLargePresence: that an account has left a room is known also by a presence of Prosody that is larger than what is
// read of it, and the client gets it whole.
func TestLargePresence(t *testing.T) {
	rooms := leftRooms{left: make(chan string, 1)}
	r := &relays{}
	w := newWorld(t, Options{Relay: r, RelayRooms: rooms}, func(c *Settings) {
		c.Hosts = map[string]HostSettings{gatewaytest.Host: {Kind: Relayed}}
	})
	client, err := w.Dial("&token="+gatewaytest.AliceToken, nil)
	if err != nil {
		t.Fatal(err)
	}
	prosody := gatewaytest.Later(t, w.Upstream.Socket)
	bindRelayed(t, client, prosody)
	if r.begun[0].Door != Door {
		t.Errorf("the door of the login is %q", r.begun[0].Door)
	}
	prosody.Text(ownPresence)
	client.Expect(ownPresence)
	gone := strings.Replace(ownPresence, `<x `, `<status>`+strings.Repeat("x", 200_000)+`</status><x `, 1)
	gone = strings.Replace(gone, "<presence ", "<presence type='unavailable' ", 1)
	prosody.Text(gone)
	client.Expect(gone)
	if got, want := <-rooms.left, "u-1@meet.example.com "+gatewaytest.Room+"/n"; got != want {
		t.Errorf("left: %q, want %q", got, want)
	}
}

// TestRelayResumes: the identifier goes on in the address, and the account is recorded again.
func TestRelayResumes(t *testing.T) {
	w, r := newRelayWorld(t)
	client, err := w.Dial("&token="+gatewaytest.AliceToken+"&previd=stream-7", nil)
	if err != nil {
		t.Fatal(err)
	}
	prosody := gatewaytest.Later(t, w.Upstream.Socket)
	for _, s := range []string{gatewaytest.StreamTo, gatewaytest.Anonymous} {
		client.Text(s)
		prosody.Expect(s)
	}
	if got := prosody.Asked.URL.RawQuery; !strings.HasSuffix(got, "&token=in.n.er&previd=stream-7") {
		t.Errorf("the query is %s", got)
	}
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	const resume, resumed = `<resume xmlns="urn:xmpp:sm:3" previd="stream-7" h="1"/>`, `<resumed xmlns="urn:xmpp:sm:3" previd="stream-7" h="1"/>`
	client.Text(strings.Replace(resume, "stream-7", "stream-8", 1))
	client.Expect(stanza.NotResumed("urn:xmpp:sm:3", "item-not-found"))
	client.Text(resume)
	prosody.Expect(resume)
	prosody.Text(resumed)
	client.Expect(resumed)
	if got := r.happened(); got != "record u-1@meet.example.com, remember stream-7" {
		t.Errorf("happened: %s", got)
	}
	client.Text(relayJoin)
	prosody.Expect(relayJoin)
}
