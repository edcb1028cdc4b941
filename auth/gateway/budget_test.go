package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// enterFrom logs in as a guest behind the proxy.
func (w *world) enterFrom(address string) (client, prosody *gatewaytest.Wire) {
	w.T.Helper()
	header := forwarded(address)
	if address == "" {
		header.Del("X-Forwarded-For")
	}
	client, err := w.Dial("", header)
	if err != nil {
		w.T.Fatal(err)
	}
	prosody = gatewaytest.Later(w.T, w.Upstream.Socket)
	for _, s := range []string{gatewaytest.StreamTo, gatewaytest.Anonymous} {
		client.Text(s)
		prosody.Expect(s)
	}
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	return client, prosody
}

// holds sends so much of a message in fragments, which does not end.
func holds(t testing.TB, c *gatewaytest.Wire, n int) {
	t.Helper()
	c.Frame(false, ws.OpText, "<")
	for n--; n > 0; n -= min(n, 1<<20) {
		c.Frame(false, ws.OpContinuation, gatewaytest.Random(min(n, 1<<20)))
	}
}

func (w *world) held() int64 {
	return w.budget.Taken()
}

// TestNoBudgetBeforeALogin: whatever comes before one, there is a piece for it
// and no more, with a token or without.
func TestNoBudgetBeforeALogin(t *testing.T) {
	for _, way := range gatewaytest.WaysIn() {
		w := newWorld(t, Options{}, of(way))
		for range 20 {
			client, _ := w.Open(way.Token)
			holds(t, client, budget.Piece)
			client.Frame(false, ws.OpContinuation, "x")
			client.ExpectOne("<stream:error ", "The stanza is too large before the login.")
		}
		(<-w.Send(way.Token, gatewaytest.Creating(strings.Repeat(" ", budget.Piece)))).Wants(t, http.StatusOK, "too large before the login")
		if n := w.held(); n != 0 {
			t.Errorf("%s: %d bytes are held", way.Name, n)
		}
		w.Counted(metrics.GatewayEnded, "policy", 20)
		w.Counted(metrics.GatewayEnded, "overloaded", 0)
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
			holds(t, client, largest)
		}
		w.Eventually("all is held", func() bool { return w.held() == int64(sessions*(largest-budget.Piece)) })
		client, prosody := w.enterFrom(each)
		holds(t, client, budget.Piece+of-sessions*(largest-budget.Piece)+1) // a byte too much
		client.ExpectOne("<stream:error ", "<resource-constraint ")
		prosody.Expect(stanza.Close)
		client, prosody = w.enterFrom("198.51.100.1") // another address
		client.Frame(false, ws.OpText, gatewaytest.Random(largest/2))
		client.Frame(true, ws.OpContinuation, gatewaytest.Random(largest/2))
		prosody.Expect(gatewaytest.Random(largest/2) + gatewaytest.Random(largest/2))
	}
}

// TestSessionShare: a session holds one message of the largest size at a time.
func TestSessionShare(t *testing.T) {
	w := newWorld(t, Options{}, messages(100_000))
	w.BOSHGuest()
	long := strings.Repeat("x", 90_000)
	first := w.Connect() // a body that does not end
	first.Raw([]byte("POST " + gatewaytest.BOSHQuery("") + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nContent-Length: 95000\r\n\r\n" + strings.TrimSuffix(gatewaytest.Body(3, long), "</body>")))
	w.Eventually("it is held", func() bool { return w.held() > 70_000 })
	(<-w.Send("", gatewaytest.Body(4, long))).Wants(t, http.StatusServiceUnavailable, "too many large stanzas")
	_ = first.Conn.Close()
	w.Eventually("it is let go", func() bool { return w.held() == 0 })
	w.Round("", gatewaytest.Body(4, long), gatewaytest.Body(4, long), gatewaytest.Told())
}

// TestSentBodiesAreLetGo: a request of BOSH that waits for its answer holds
// nothing of a share.
func TestSentBodiesAreLetGo(t *testing.T) {
	w := newWorld(t, Options{})
	w.BOSHGuest()
	got := w.Send("", gatewaytest.Body(3, strings.Repeat("x", 1<<20)))
	x := w.Upstream.Post()
	w.Eventually("nothing is held", func() bool { return w.held() == 0 })
	x.Answer <- gatewaytest.Told()
	(<-got).Wants(t, http.StatusOK, gatewaytest.Told())
}

// TestBodiesBeingRead: one address has no more of them than it may have
// connections, and those that wait for the rest of one keep no other address out.
func TestBodiesBeingRead(t *testing.T) {
	w := newWorld(t, Options{}, behindProxy, connections(4, 2))
	for range 2 {
		c := w.Connect()
		c.Raw([]byte("POST " + BOSHPath + " HTTP/1.1\r\nHost: " + gatewaytest.Host + "\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 1000\r\n\r\n<body"))
	}
	w.Eventually("they are being read", func() bool { return w.proxy.Reading() == 2 })
	w.Do(w.Request(http.MethodPost, BOSHPath, gatewaytest.Creating(), forwarded("192.0.2.1"))).Wants(t, http.StatusTooManyRequests, "from this address")
	got := w.Later(w.Request(http.MethodPost, BOSHPath, gatewaytest.Creating(), forwarded("192.0.2.2")))
	w.Upstream.Post().Answer <- gatewaytest.Told()
	(<-got).Wants(t, http.StatusOK, fmt.Sprint(gatewaytest.Told()))
}
