package gateway

import (
	"net/http"
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
)

// away is a world with a stream whose client is away.
func away(t *testing.T) (*world, *relays) {
	w, r := newRelayWorld(t)
	client, prosody := w.Open(gatewaytest.AliceToken)
	bindRelayed(t, client, prosody)
	prosody.Text(gatewaytest.Enabled)
	client.Expect(gatewaytest.Enabled)
	const ack = `<a xmlns="urn:xmpp:sm:3" h="5"/>`
	client.Text(ack)
	prosody.Expect(ack)
	_ = client.Conn.Close()
	prosody.ExpectEnd()
	w.Eventually("it may come back", func() bool { return strings.HasSuffix(r.happened(), "ended stream-7") })
	return w, r
}

// TestHibernatingEnds: a revoked account's stream that Prosody keeps is resumed by the gateway itself, and ended.
func TestHibernatingEnds(t *testing.T) {
	w, _ := away(t)
	if !w.End("u-1@meet.example.com", "x") || w.End("u-1@meet.example.com", "x") {
		t.Fatal("it is not ended once")
	}
	prosody := w.Upstream.Socket()
	if got := prosody.Asked.URL.RequestURI(); got != "/xmpp-websocket?token=in.n.er&previd=stream-7" || prosody.Asked.Host != "meet.example.com" {
		t.Errorf("asked for %s of %s", got, prosody.Asked.Host)
	}
	for _, step := range [][2]string{
		{stanza.Open("meet.example.com"), relayFeatures}, {stanza.AuthAnonymous, gatewaytest.Success},
		{stanza.Open("meet.example.com"), relayFeatures},
		{stanza.Resume("stream-7", 5), `<resumed xmlns="urn:xmpp:sm:3" previd="stream-7" h="1"/>`},
	} {
		prosody.Expect(step[0])
		prosody.Text(stanza.Opened("meet.example.com", "x"))
		prosody.Text(step[1])
	}
	prosody.Text(ownPresence) // what the client has missed
	prosody.Expect(stanza.Close)
}

// TestHibernatingIsNotEnded: the operator is told, without a token, and where Prosody does not answer it is given up.
func TestHibernatingIsNotEnded(t *testing.T) {
	for name, happens := range map[string]func(w *world){
		"no endpoint": func(w *world) {
			w.Upstream.Status.Store(http.StatusNotFound)
			w.End("u-1@meet.example.com", "x")
		},
		"refused": func(w *world) {
			w.End("u-1@meet.example.com", "x")
			prosody := w.Upstream.Socket()
			prosody.Expect(stanza.Open("meet.example.com"))
			prosody.Text(stanza.StreamError("host-unknown", "in.n.er"))
		},
		"endless": func(w *world) {
			w.End("u-1@meet.example.com", "x")
			prosody := w.Upstream.Socket()
			prosody.Expect(stanza.Open("meet.example.com"))
			for range 10 {
				_ = prosody.Try(true, 1, ownPresence)
			}
		},
	} {
		w, _ := away(t)
		happens(w)
		w.Eventually(name, func() bool { return strings.Contains(w.Log.String(), "could not be ended at Prosody") })
		if strings.Contains(w.Log.String(), "in.n.er") {
			t.Errorf("%s: the log has a token: %s", name, w.Log.String())
		}
	}
}
