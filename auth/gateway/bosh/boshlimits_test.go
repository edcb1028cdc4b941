package bosh

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/metrics"
)

func TestBOSHTooLarge(t *testing.T) {
	w := newWorld(t, Options{}, messages(20_000))
	w.BOSHGuest()
	exact := gatewaytest.Body(3, strings.Repeat("x", 20_000-len(gatewaytest.Body(3))))
	w.Round("", exact, exact, gatewaytest.Told())
	(<-w.Send("", exact+" ")).Wants(t, http.StatusRequestEntityTooLarge, "too large")
	w.Upstream.Untouched()
}

// TestBOSHBudget: long bodies share it with the messages of WebSocket; short
// ones pass in any case.
func TestBOSHBudget(t *testing.T) {
	w := newWorld(t, Options{})
	w.BOSHGuest()
	giveBack := gatewaytest.TakeBudget(t, &w.budget, budget.InAll-1000)
	w.Round("", gatewaytest.Body(3, strings.Repeat("x", 10_000)), gatewaytest.Body(3, strings.Repeat("x", 10_000)), gatewaytest.Told())
	(<-w.Send("", gatewaytest.Body(4, strings.Repeat("x", 20_000)))).Wants(t, http.StatusServiceUnavailable, "too many large stanzas")
	giveBack()
	w.Round("", gatewaytest.Body(4, strings.Repeat("x", 20_000)), gatewaytest.Body(4, strings.Repeat("x", 20_000)), gatewaytest.Told())
}

// TestBOSHPending: a session has only so many requests that wait; the answers
// make room.
func TestBOSHPending(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session("")
	var waiting []<-chan gatewaytest.Answer
	var at []*gatewaytest.Exchange
	for i := range maxPending {
		waiting = append(waiting, w.Send("", gatewaytest.Body(2+i)))
		at = append(at, w.Upstream.Post())
	}
	(<-w.Send("", gatewaytest.Body(99))).Wants(t, http.StatusTooManyRequests, "too many requests of one session")
	at[0].Answer <- gatewaytest.Told()
	<-waiting[0]
	w.Eventually("there is room", func() bool { return w.pending("s1") < maxPending })
	w.Round("", gatewaytest.Body(99), gatewaytest.Body(99), gatewaytest.Told())
	if w.Sweep(time.Now().Add(2 * usuallyKept)); w.taken() != 1 {
		t.Error("a session was forgotten while its requests waited")
	}
	for _, x := range at[1:] {
		x.Answer <- gatewaytest.Told()
	}
	for _, c := range waiting[1:] {
		<-c
	}
}

// TestBOSHSweep: a session that has said nothing for long is forgotten, and its
// ticket cancelled.
func TestBOSHSweep(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session(gatewaytest.AliceToken)
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(2, gatewaytest.Anonymous), gatewaytest.Body(2, gatewaytest.WithTicket("1")), gatewaytest.Told(gatewaytest.Lost))
	w.Eventually("nothing waits", func() bool { return w.pending("s1") == 0 })
	w.Sweep(time.Now().Add(usuallyKept - time.Second))
	if w.taken() != 1 || w.Auth.Left() != 1 {
		t.Error("it was forgotten too early")
	}
	w.swept(usuallyKept + time.Second)
	if w.Auth.Left() != 0 {
		t.Errorf("%d tickets are left", w.Auth.Left())
	}
	w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
}

// TestBOSHEndedByProsody: the place of a session that Prosody does not know any
// more is free at once.
func TestBOSHEndedByProsody(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session("")
	w.Round("", gatewaytest.Body(2), gatewaytest.Body(2), `<body `+gatewaytest.BOSH+` type="terminate" condition="item-not-found"/>`)
	w.Eventually("its place is free", func() bool { return w.taken() == 0 })
	w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
}

// TestBOSHPlacesAreGivenBack by requests that make no session.
func TestBOSHPlacesAreGivenBack(t *testing.T) {
	terminated := `<body ` + gatewaytest.BOSH + ` type="terminate" sid="s2" condition="improper-addressing">` + strings.Repeat("x", 100) + `</body>`
	for name, fail := range map[string]func(w *world){
		"no upstream": func(w *world) {
			w.Upstream.Close()
			(<-w.Send(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous))).Wants(t, http.StatusBadGateway, "Prosody cannot be reached")
		},
		"terminated": func(w *world) {
			w.Round(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous), gatewaytest.Creating(gatewaytest.WithTicket("1")), terminated)
		},
		"not BOSH": func(w *world) {
			w.Round(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous), gatewaytest.Creating(gatewaytest.WithTicket("1")), "hello")
		},
		"without a sid": func(w *world) {
			w.Round(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous), gatewaytest.Creating(gatewaytest.WithTicket("1")), `<body `+gatewaytest.BOSH+`/>`)
		},
		"the same sid twice": func(w *world) {
			w.Session("")
			w.Session("")
			var s1 *session
			w.of("s1", func(s *session) { s1 = s })
			s1.gone.Store(true)
			w.sessions.ended("s1", s1)
		},
		"refused": func(w *world) {
			(<-w.Send(gatewaytest.RefusedToken(auth.ReasonExpired), gatewaytest.Creating(gatewaytest.Anonymous))).Wants(t, http.StatusOK, auth.ReasonExpired.ClientText())
		},
		"the client goes away while it waits": func(w *world) {
			c := w.Connect()
			c.Raw([]byte(gatewaytest.Posting(gatewaytest.Creating(gatewaytest.Anonymous))))
			w.Upstream.Post()
			_ = c.Conn.Close()
		},
		"the client goes away while it is answered": func(w *world) {
			c := w.Connect()
			c.Raw([]byte(gatewaytest.Posting(gatewaytest.Creating(gatewaytest.Anonymous))))
			x := w.Upstream.Post()
			_ = c.Conn.(*net.TCPConn).SetLinger(0)
			_ = c.Conn.(*net.TCPConn).SetReadBuffer(4096)
			x.Answer <- strings.Replace(terminated, "xxx", strings.Repeat("x", 16<<20), 1)
			if _, err := c.In.Peek(1); err != nil {
				w.T.Error(err)
			}
			_ = c.Conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, connections(2, 2))
			fail(w)
			w.Eventually("the place is free", func() bool { return w.taken() == 0 })
			w.Eventually("no ticket is left", func() bool { return w.Auth.Left() == 0 })
		})
	}
}

// TestBOSHBodyThatIsCut does not reach the upstream.
func TestBOSHBodyThatIsCut(t *testing.T) {
	w := newWorld(t, Options{})
	c := w.Connect()
	request := gatewaytest.Posting(gatewaytest.Body(2, gatewaytest.Anonymous))
	c.Raw([]byte(request[:len(request)-1]))
	_ = c.Conn.(*net.TCPConn).CloseWrite()
	c.Head("400")
	w.Upstream.Untouched()
}

// TestBOSHUpstreamDown: the client is told to come again, by a status that has
// it do so.
func TestBOSHUpstreamDown(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session(gatewaytest.AliceToken)
	w.Upstream.CloseClientConnections()
	w.Upstream.Close()
	a := <-w.Send(gatewaytest.AliceToken, gatewaytest.Body(2))
	a.Wants(t, http.StatusBadGateway, "Prosody cannot be reached")
	if a.Header.Get("Access-Control-Allow-Origin") != gatewaytest.Page {
		t.Errorf("%v", a.Header)
	}
	w.Counted(metrics.GatewayRefused, metrics.RefusedUpstream.String(), 1)
}

// TestBOSHClientThatWaits and goes away frees the upstream's connection, which
// tells Prosody.
func TestBOSHClientThatWaits(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session(gatewaytest.AliceToken)
	c := w.Connect()
	c.Raw([]byte(gatewaytest.Posting(gatewaytest.Body(2))))
	x := w.Upstream.Post()
	_ = c.Conn.Close()
	gatewaytest.Receive(t, x.Context().Done())
}

// TestExpensiveBodies: what any client can send costs no more than reading it.
func TestExpensiveBodies(t *testing.T) {
	w := newWorld(t, Options{})
	attributes := strings.Repeat(` a="b"`, 300_000)
	w.BOSHGuest()
	for s, readable := range map[string]bool{
		`<body ` + gatewaytest.BOSH + attributes + ` rid="3" sid="s1"/>`:                              false,
		`<body ` + gatewaytest.BOSH + ` rid="3" sid="s1"><a` + attributes + `/></body>`:               true,
		gatewaytest.Body(3, strings.Repeat("<a>", 600_000)):                                           true,
		gatewaytest.Body(3, strings.Repeat("<a/>", 450_000), gatewaytest.Join(gatewaytest.Room+"/x")): true,
	} {
		if !readable {
			wantsIfRead(t, <-w.Send("", s), badRequest)
			wantsIfRead(t, <-w.Send(gatewaytest.AliceToken, s), badRequest)
			continue
		}
		w.Round("", s, s, gatewaytest.Told())
		wantsIfRead(t, <-w.Send(gatewaytest.AliceToken, strings.Replace(s, "s1", "s2", 1)), "too large before the login")
		w.Upstream.Post().Answer <- gatewaytest.Told() // the end of it
	}
	w.Upstream.Untouched()
}

// wantsIfRead checks the answer to a body that is not read to its end: the
// connection may be cut before its client has the answer.
func wantsIfRead(t *testing.T, a gatewaytest.Answer, part string) {
	t.Helper()
	if a.Status != 0 {
		a.Wants(t, http.StatusOK, part)
	}
}
