// Package gateway holds what docs/jitsi.md says about links, and what a client may do behind one, against real
// Prosodys.
package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"

	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// A site is a world with a gateway, as a Jitsi installation has it.
type site struct{ *world.World }

func options() world.Options {
	return world.Options{Gateway: `origins: ["https://meet.example.com"]`}
}

func newSite(t testing.TB, v prosody.Version, o world.Options) *site {
	t.Helper()
	return &site{world.New(t, v, o)}
}

func each(t *testing.T, o world.Options, test func(t *testing.T, w *site)) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) { test(t, newSite(t, v, o)) })
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
	via  func(w *site, query string) func(context.Context) (net.Conn, error)
}

// fromPage are the headers of a browser behind a web server, but for the address.
func fromPage() http.Header {
	return http.Header{"Host": {world.Meet}, "Origin": {"https://" + world.Meet}, "X-Forwarded-Proto": {"https"},
		"Referer": {"https://" + world.Meet + "/one?jwt=ey"}}
}

func byWebSocket(w *site, query string) func(context.Context) (net.Conn, error) {
	return client.WebSocket("ws://"+w.Usher.Gateway+"/xmpp-websocket"+query, fromPage())
}

func byBOSH(w *site, query string) func(context.Context) (net.Conn, error) {
	return client.BOSH("http://"+w.Usher.Gateway+"/http-bind"+query, fromPage())
}

func transports() []transport {
	return []transport{{"websocket", byWebSocket}, {"bosh", byBOSH}}
}

// dial logs in as Jitsi's client does: by ANONYMOUS without an initial response.
func (w *site) dial(t testing.TB, host string, l client.Login) (*client.Session, error) {
	t.Helper()
	l.Mechanism = "ANONYMOUS"
	s, err := client.Dial(world.Within(t), l.At("", host))
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// follow wants a link to lead to a login.
func (w *site) follow(t testing.TB, host string, via func(context.Context) (net.Conn, error)) *world.Person {
	t.Helper()
	s, err := w.dial(t, host, client.Login{Via: via})
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Usher.Log())
	}
	return w.Person(t, s)
}

func refusedFor(t testing.TB, err error, text string) {
	t.Helper()
	refused, ok := errors.AsType[*client.Refused](err)
	if !ok || refused.Condition != "not-authorized" || refused.Text != text {
		t.Errorf("got %v, want not-authorized: %s", err, text)
	}
}

// unchanged wants nothing to have been changed since the join, unless that took longer than usher holds one back.
func unchanged(t *testing.T, p *world.Person, room string) {
	t.Helper()
	if n := p.Changes(room); n != 1 && !p.Late() {
		t.Errorf("%s got %d presences of his own in %s", p.Bare(), n, room)
	}
}
