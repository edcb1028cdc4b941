package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/stanza"
	"usher/metrics"

	"usher/auth/gateway/budget"
)

// enterFrom logs in as a guest behind the proxy.
func (w *world) enterFrom(address string) (client, prosody *wire) {
	w.t.Helper()
	header := forwarded(address)
	if address == "" {
		header.Del("X-Forwarded-For")
	}
	client, err := w.dial("", header)
	if err != nil {
		w.t.Fatal(err)
	}
	prosody = w.upstream.socket()
	for _, s := range []string{streamTo, anonymous} {
		client.text(s)
		prosody.expect(s)
	}
	prosody.text(success)
	client.expect(success)
	return client, prosody
}

// holds sends so much of a message in fragments, which does not end.
func (c *wire) holds(n int) {
	c.t.Helper()
	c.frame(false, ws.OpText, "<")
	for n--; n > 0; n -= min(n, 1<<20) {
		c.frame(false, ws.OpContinuation, random(min(n, 1<<20)))
	}
}

func (w *world) held() int64 {
	return w.budget.Taken()
}

// TestNoBudgetBeforeALogin: whatever comes before one, there is a piece for it
// and no more, with a token or without.
func TestNoBudgetBeforeALogin(t *testing.T) {
	for _, way := range waysIn {
		w := newWorld(t, Options{}, way.settings())
		for range 20 {
			client, _ := w.open(way.token)
			client.holds(budget.Piece)
			client.frame(false, ws.OpContinuation, "x")
			client.expectOne("<stream:error ", "The stanza is too large before the login.")
		}
		(<-w.send(way.token, creating(strings.Repeat(" ", budget.Piece)))).wants(t, http.StatusOK, "too large before the login")
		if n := w.held(); n != 0 {
			t.Errorf("%s: %d bytes are held", way.name, n)
		}
		w.counted(metrics.GatewayEnded, "policy", 20)
		w.counted(metrics.GatewayEnded, "overloaded", 0)
	}
}

// TestAddressShare: who has logged in holds what its address has a share of, and
// leaves the rest to others. Of IPv6 the network of a customer is one address;
// those whose address is not known share half.
func TestAddressShare(t *testing.T) {
	const largest, part = DefaultMessageBytes, budget.InAll / budget.AddressParts
	for _, address := range []string{"192.0.2.%d", "2001:db8::%d", ""} {
		w := newWorld(t, Options{}, behindProxy)
		of, each := part, "192.0.2.7"
		switch address {
		case "2001:db8::%d":
			each = address
		case "":
			of, each = budget.InAll/budget.UnknownParts, ""
		}
		if strings.Contains(each, "%d") {
			each = "2001:db8::7"
		}
		sessions := of / (largest - budget.Piece)
		for range sessions {
			client, _ := w.enterFrom(each)
			client.holds(largest)
		}
		w.eventually("all is held", func() bool { return w.held() == int64(sessions*(largest-budget.Piece)) })
		client, prosody := w.enterFrom(each)
		client.holds(budget.Piece + of - sessions*(largest-budget.Piece) + 1) // a byte too much
		client.expectOne("<stream:error ", "<resource-constraint ")
		prosody.expect(stanza.Close)
		client, prosody = w.enterFrom("198.51.100.1") // another address
		client.frame(false, ws.OpText, random(largest/2))
		client.frame(true, ws.OpContinuation, random(largest/2))
		prosody.expect(random(largest/2) + random(largest/2))
	}
}

// TestSessionShare: a session holds one message of the largest size at a time.
func TestSessionShare(t *testing.T) {
	w := newWorld(t, Options{}, messages(100_000))
	w.boshGuest()
	long := strings.Repeat("x", 90_000)
	first := w.connect() // a body that does not end
	first.raw([]byte("POST " + boshQuery("") + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 95000\r\n\r\n" + strings.TrimSuffix(body(3, long), "</body>")))
	w.eventually("it is held", func() bool { return w.held() > 70_000 })
	(<-w.send("", body(4, long))).wants(t, http.StatusServiceUnavailable, "too many large stanzas")
	_ = first.conn.Close()
	w.eventually("it is let go", func() bool { return w.held() == 0 })
	w.round("", body(4, long), body(4, long), told())
}

// TestSentBodiesAreLetGo: a request of BOSH that waits for its answer holds
// nothing of a share.
func TestSentBodiesAreLetGo(t *testing.T) {
	w := newWorld(t, Options{})
	w.boshGuest()
	got := w.send("", body(3, strings.Repeat("x", 1<<20)))
	x := w.upstream.post()
	w.eventually("nothing is held", func() bool { return w.held() == 0 })
	x.answer <- told()
	(<-got).wants(t, http.StatusOK, told())
}

// TestBodiesBeingRead: one address has no more of them than it may have
// connections, and those that wait for the rest of one keep nobody else out.
func TestBodiesBeingRead(t *testing.T) {
	w := newWorld(t, Options{}, behindProxy, connections(4, 2))
	for range 2 {
		c := w.connect()
		c.raw([]byte("POST " + BOSHPath + " HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 1000\r\n\r\n<body"))
	}
	w.eventually("they are being read", func() bool { return w.proxy.Reading() == 2 })
	w.do(w.request(http.MethodPost, BOSHPath, creating(), forwarded("192.0.2.1"))).wants(t, http.StatusTooManyRequests, "from this address")
	got := w.later(w.request(http.MethodPost, BOSHPath, creating(), forwarded("192.0.2.2")))
	w.upstream.post().answer <- told()
	(<-got).wants(t, http.StatusOK, fmt.Sprint(told()))
}
