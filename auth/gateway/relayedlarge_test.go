package gateway

import (
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/relay"
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
	w := newWorld(t, Options{Relay: &relays{}, RelayRooms: rooms}, func(c *Settings) {
		c.Hosts = map[string]HostSettings{gatewaytest.Host: {Kind: Relayed}}
	})
	client, err := w.Dial("&token="+gatewaytest.AliceToken, nil)
	if err != nil {
		t.Fatal(err)
	}
	prosody := gatewaytest.Later(t, w.Upstream.Socket)
	bindRelayed(t, client, prosody)
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
