package world

import (
	"cmp"
	"testing"

	"usher/e2e/client"
)

// Wire opens a link at the gateway and logs in, up to where an account is bound or a stream resumed. The test sees
// every message.
func (w *World) Wire(t testing.TB, l Link) *client.Wire {
	t.Helper()
	wire := w.OpenWire(t, l)
	if err := wire.Login(Within(t), cmp.Or(l.Host, Meet)); err != nil {
		t.Fatalf("following a link: %v\n%s", err, w.Usher.Log())
	}
	return wire
}

// OpenWire only connects.
func (w *World) OpenWire(t testing.TB, l Link) *client.Wire {
	t.Helper()
	wire, err := client.OpenWire(Within(t), "ws://"+w.Usher.Gateway+"/xmpp-websocket"+l.query(), fromPage())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = wire.Cut() })
	return wire
}

// Bodies are Wire by BOSH.
func (w *World) Bodies(t testing.TB, l Link) *client.Bodies {
	t.Helper()
	host := cmp.Or(l.Host, Meet)
	b, err := client.OpenBodies(Within(t), "http://"+w.Usher.Gateway+"/http-bind"+l.query(), fromPage(), host)
	if err == nil {
		err = b.Login(Within(t))
	}
	if err != nil {
		t.Fatalf("following a link: %v\n%s", err, w.Usher.Log())
	}
	return b
}
