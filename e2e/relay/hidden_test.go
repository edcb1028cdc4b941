package relay

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"usher/e2e/client"
	"usher/e2e/world"
)

const muc = "http://jabber.org/protocol/muc"

// TestHiddenJoins: a guest comes into no room before it has started, as what makes a presence a join is seen however it is written, by every way in which Prosody would see it.
func TestHiddenJoins(t *testing.T) {
	each(t, world.Options{}, func(t *testing.T, w *world.World) {
		w.Begin(world.Room("two"))
		many := strings.Repeat("<a/>", 5000)
		for name, c := range map[string]struct{ open, body, inside string }{
			"plain":                        {inside: "<x xmlns='" + muc + "'/>"},
			"behind many":                  {inside: many + "<x xmlns='" + muc + "'/>"},
			"declared by the stream":       {open: "xmlns:q='" + muc + "' q:a='1'", inside: "<ns1:x/>"},
			"declared by the body":         {body: "xmlns:q='" + muc + "'", inside: "<q:x/>"},
			"as if declared anew":          {body: "xmlns:q='" + muc + "' xmlns:p='xmlns' p:q='urn:x'", inside: "<q:x/>"},
			"in a namespace with a letter": {inside: "<x xmlns='http://jabber.org/protocol/m&#117;c'/>"},
		} {
			url := "ws://" + w.Usher.Gateway + "/xmpp-websocket?room=two"
			via := opened(client.WebSocket(url, http.Header{"Host": {world.Meet}}), c.open)
			if c.body != "" {
				url = within(t, w.Usher.Gateway, c.body) + "/http-bind?room=two"
				via = client.BOSH(url, http.Header{"Host": {world.Meet}})
			}
			s, err := client.Dial(world.Within(t), client.Login{Mechanism: "ANONYMOUS", Via: via}.At("", world.Guests))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			p := w.Person(t, s)
			turnedAway(t, p, world.Room("two"), "cancel/not-allowed")
			_ = p.Says("<presence to='" + world.Room("two") + "/n'>" + c.inside + "</presence>")
			_ = p.Ping(world.Within(t), world.Guests) // or the stream is over
			if got := p.Shown(world.Room("two"), "n"); got != "" {
				t.Errorf("%s: it is in the room: %s", name, got)
			}
			_ = p.Close()
		}
	})
}

// opened has the beginning of a stream have further attributes.
func opened(via func(context.Context) (net.Conn, error), attributes string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		c, err := via(ctx)
		return opener{c, attributes}, err
	}
}

type opener struct {
	net.Conn
	attributes string
}

func (o opener) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(p, []byte("<?xml")) || o.attributes == "" {
		return o.Conn.Write(p)
	}
	_, err := o.Conn.Write([]byte("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='" + world.Guests +
		"' version='1.0' " + o.attributes + "/>"))
	return len(p), err
}

// within is a proxy that writes further attributes into bodies with a hidden join.
func within(t *testing.T, gateway, attributes string) string {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: gateway})
	return serve(t, func(rw http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if bytes.Contains(text, []byte("<q:x")) {
			text = bytes.Replace(text, []byte("<body "), []byte("<body "+attributes+" "), 1)
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		proxy.ServeHTTP(rw, r)
	})
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
