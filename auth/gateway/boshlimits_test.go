package gateway

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/metrics"

	"usher/auth/gateway/budget"
)

func TestBOSHTooLarge(t *testing.T) {
	w := newWorld(t, Options{}, messages(20_000))
	w.boshGuest()
	exact := body(3, strings.Repeat("x", 20_000-len(body(3))))
	w.round("", exact, exact, told())
	(<-w.send("", exact+" ")).wants(t, http.StatusRequestEntityTooLarge, "too large")
	w.upstream.untouched()
}

// TestBOSHBudget: long bodies share it with the messages of WebSocket; short
// ones pass in any case.
func TestBOSHBudget(t *testing.T) {
	w := newWorld(t, Options{})
	w.boshGuest()
	giveBack := w.takeBudget(budget.InAll - 1000)
	w.round("", body(3, strings.Repeat("x", 10_000)), body(3, strings.Repeat("x", 10_000)), told())
	(<-w.send("", body(4, strings.Repeat("x", 20_000)))).wants(t, http.StatusServiceUnavailable, "too many large stanzas")
	giveBack()
	w.round("", body(4, strings.Repeat("x", 20_000)), body(4, strings.Repeat("x", 20_000)), told())
}

// TestBOSHPending: a session has only so many requests that wait; the answers
// make room.
func TestBOSHPending(t *testing.T) {
	w := newWorld(t, Options{})
	w.session("")
	var waiting []<-chan answer
	var at []*exchange
	for i := range maxPending {
		waiting = append(waiting, w.send("", body(2+i)))
		at = append(at, w.upstream.post())
	}
	(<-w.send("", body(99))).wants(t, http.StatusTooManyRequests, "too many requests of one session")
	at[0].answer <- told()
	<-waiting[0]
	w.eventually("there is room", func() bool { return w.pending("s1") < maxPending })
	w.round("", body(99), body(99), told())
	if w.bosh.sweep(time.Now().Add(2 * boshKept)); w.taken() != 1 {
		t.Error("a session was forgotten while its requests waited")
	}
	for _, x := range at[1:] {
		x.answer <- told()
	}
	for _, c := range waiting[1:] {
		<-c
	}
}

func (w *world) pending(sid string) int {
	w.bosh.mu.Lock()
	defer w.bosh.mu.Unlock()
	return w.bosh.bySID[sid].pending
}

// TestBOSHSweep: a session that has said nothing for long is forgotten, and its
// ticket cancelled.
func TestBOSHSweep(t *testing.T) {
	w := newWorld(t, Options{})
	w.session(aliceToken)
	w.round(aliceToken, body(2, anonymous), body(2, withTicket("1")), told(lost))
	w.eventually("nothing waits", func() bool { return w.pending("s1") == 0 })
	w.bosh.sweep(time.Now().Add(boshKept - time.Second))
	if w.taken() != 1 || w.auth.left() != 1 {
		t.Error("it was forgotten too early")
	}
	w.swept(boshKept + time.Second)
	if w.auth.left() != 0 {
		t.Errorf("%d tickets are left", w.auth.left())
	}
	w.counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
}

// TestBOSHSweepByItself: the gateway does so while it serves.
func TestBOSHSweepByItself(t *testing.T) {
	w := newWorld(t, Options{PingAfter: 20 * time.Millisecond})
	w.session("")
	w.bosh.mu.Lock()
	w.bosh.bySID["s1"].last = time.Now().Add(-2 * boshKept)
	w.bosh.mu.Unlock()
	w.eventually("it is forgotten", func() bool { return w.taken() == 0 })
}

// TestBOSHEndedByProsody: the place of a session that Prosody does not know any
// more is free at once.
func TestBOSHEndedByProsody(t *testing.T) {
	w := newWorld(t, Options{})
	w.session("")
	w.round("", body(2), body(2), `<body `+bosh+` type="terminate" condition="item-not-found"/>`)
	w.eventually("its place is free", func() bool { return w.taken() == 0 })
	w.counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
}

// TestBOSHPlacesAreGivenBack by requests that make no session.
func TestBOSHPlacesAreGivenBack(t *testing.T) {
	terminated := `<body ` + bosh + ` type="terminate" sid="s2" condition="improper-addressing">` + strings.Repeat("x", 100) + `</body>`
	for name, fail := range map[string]func(w *world){
		"no upstream": func(w *world) {
			w.upstream.Close()
			(<-w.send(aliceToken, creating(anonymous))).wants(t, http.StatusBadGateway, "Prosody cannot be reached")
		},
		"terminated": func(w *world) { w.round(aliceToken, creating(anonymous), creating(withTicket("1")), terminated) },
		"not BOSH":   func(w *world) { w.round(aliceToken, creating(anonymous), creating(withTicket("1")), "hello") },
		"without a sid": func(w *world) {
			w.round(aliceToken, creating(anonymous), creating(withTicket("1")), `<body `+bosh+`/>`)
		},
		"the same sid twice": func(w *world) {
			w.session("")
			w.session("")
			w.bosh.bySID["s1"].gone.Store(true)
			w.bosh.ended("s1", w.bosh.bySID["s1"])
		},
		"refused": func(w *world) {
			(<-w.send(refusedToken(auth.ReasonExpired), creating(anonymous))).wants(t, http.StatusOK, auth.ReasonExpired.ClientText())
		},
		"the client goes away while it waits": func(w *world) {
			c := w.connect()
			c.raw([]byte(posting(creating(anonymous))))
			w.upstream.post()
			_ = c.conn.Close()
		},
		"the client goes away while it is answered": func(w *world) {
			c := w.connect()
			c.raw([]byte(posting(creating(anonymous))))
			x := w.upstream.post()
			_ = c.conn.(*net.TCPConn).SetLinger(0)
			_ = c.conn.(*net.TCPConn).SetReadBuffer(4096)
			x.answer <- strings.Replace(terminated, "xxx", strings.Repeat("x", 16<<20), 1)
			if _, err := c.in.Peek(1); err != nil {
				w.t.Error(err)
			}
			_ = c.conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, connections(2, 2))
			fail(w)
			w.eventually("the place is free", func() bool { return w.taken() == 0 })
			w.eventually("no ticket is left", func() bool { return w.auth.left() == 0 })
		})
	}
}

func posting(body string) string {
	return "POST " + boshQuery(aliceToken) + " HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// TestBOSHBodyThatIsCut does not reach the upstream.
func TestBOSHBodyThatIsCut(t *testing.T) {
	w := newWorld(t, Options{})
	c := w.connect()
	request := posting(body(2, anonymous))
	c.raw([]byte(request[:len(request)-1]))
	_ = c.conn.(*net.TCPConn).CloseWrite()
	c.head("400")
	w.upstream.untouched()
}

// TestBOSHUpstreamDown: the client is told to come again, by a status that has
// it do so.
func TestBOSHUpstreamDown(t *testing.T) {
	w := newWorld(t, Options{})
	w.session(aliceToken)
	w.upstream.CloseClientConnections()
	w.upstream.Close()
	a := <-w.send(aliceToken, body(2))
	a.wants(t, http.StatusBadGateway, "Prosody cannot be reached")
	if a.header.Get("Access-Control-Allow-Origin") != page {
		t.Errorf("%v", a.header)
	}
	w.counted(metrics.GatewayRefused, metrics.RefusedUpstream.String(), 1)
}

// TestBOSHClientThatWaits and goes away frees the upstream's connection, which
// tells Prosody.
func TestBOSHClientThatWaits(t *testing.T) {
	w := newWorld(t, Options{})
	w.session(aliceToken)
	c := w.connect()
	c.raw([]byte(posting(body(2))))
	x := w.upstream.post()
	_ = c.conn.Close()
	receive(t, x.Context().Done())
}

// TestExpensiveBodies: what anybody can send costs no more than reading it.
func TestExpensiveBodies(t *testing.T) {
	w := newWorld(t, Options{})
	attributes := strings.Repeat(` a="b"`, 300_000)
	w.boshGuest()
	for s, readable := range map[string]bool{
		`<body ` + bosh + attributes + ` rid="3" sid="s1"/>`:                false,
		`<body ` + bosh + ` rid="3" sid="s1"><a` + attributes + `/></body>`: true,
		body(3, strings.Repeat("<a>", 600_000)):                             true,
		body(3, strings.Repeat("<a/>", 450_000), join(room+"/x")):           true,
	} {
		if !readable {
			(<-w.send("", s)).wantsIfRead(t, badRequest)
			(<-w.send(aliceToken, s)).wantsIfRead(t, badRequest)
			continue
		}
		w.round("", s, s, told())
		(<-w.send(aliceToken, strings.Replace(s, "s1", "s2", 1))).wantsIfRead(t, "too large before the login")
		w.upstream.post().answer <- told() // the end of it
	}
	w.upstream.untouched()
}

// wantsIfRead checks the answer to a body that is not read to its end: the
// connection may be cut before its client has the answer.
func (a answer) wantsIfRead(t *testing.T, part string) {
	t.Helper()
	if a.status != 0 {
		a.wants(t, http.StatusOK, part)
	}
}
