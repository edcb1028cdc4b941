package bosh

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/metrics"
)

// TestBOSHEndsByProsodysWord: a client that says that its session is over, by a
// request that Prosody does not take, has it go on: it is known, counted, and
// read strictly until its login.
func TestBOSHEndsByProsodysWord(t *testing.T) {
	for name, row := range map[string]struct{ said, answers string }{
		"an old request, answered anew": {terminate(1), gatewaytest.Told(`<features/>`)},
		"one that waits":                {terminate(2), gatewaytest.Told()},
		"with more in it":               {terminate(2, gatewaytest.Anonymous), gatewaytest.Told()},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, noGuests)
			w.Session(gatewaytest.AliceToken)
			got := w.Send(gatewaytest.AliceToken, row.said)
			w.Upstream.Post().Answer <- row.answers
			<-got
			w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 1)
			if w.taken() != 1 {
				t.Errorf("%d places are taken", w.taken())
			}
			(<-w.Send(gatewaytest.AliceToken, gatewaytest.Body(3, gatewaytest.Register))).Wants(t, http.StatusOK, "Please log in first")
			w.Farewell("3", gatewaytest.Terminated(""))
			w.Upstream.Untouched()
		})
	}
}

// TestBOSHOver: what Prosody says ends the session for its client in any case,
// and gives its place back when Prosody has it no more.
func TestBOSHOver(t *testing.T) {
	for name, row := range map[string]struct {
		rid       int
		condition string
		free      bool
	}{
		"closed":                    {3, "", true},
		"an error of the stream":    {3, "remote-stream-error", true},
		"not known":                 {3, itemNotFound, true},
		"not known, the next but 1": {4, itemNotFound, true},
		"out of order, before":      {1, itemNotFound, false},
		"out of order, after":       {5, itemNotFound, false},
		"not parsed":                {3, badRequest, false},
		"another":                   {3, "policy-violation", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.BOSHGuest()
			w.Round("", gatewaytest.Body(row.rid), gatewaytest.Body(row.rid), gatewaytest.Terminated(row.condition))
			w.Eventually("the request is over", func() bool { return w.taken() == 0 || w.pending("s1") == 0 })
			if free := w.taken() == 0; free != row.free {
				t.Errorf("its place is free: %v", free)
			}
			if !row.free {
				(<-w.Send("", gatewaytest.Body(row.rid+1, "<message/>"))).Wants(t, http.StatusOK, itemNotFound)
				w.Sweep(time.Now().Add(usuallyKept - time.Second))
				if w.taken() != 1 {
					t.Error("it was forgotten too early")
				}
			}
			w.Upstream.Untouched()
			w.swept(usuallyKept + time.Second)
		})
	}
}

// TestBOSHOutOfOrder: Prosody's item-not-found for the newest of all requests
// means that it does not have the session only if it cannot be out of order.
func TestBOSHOutOfOrder(t *testing.T) {
	w := newWorld(t, Options{})
	w.BOSHGuest()
	for _, rid := range []int{3, 4} { // both reach Prosody, and their client goes away
		c := w.Connect()
		c.Raw([]byte(gatewaytest.Posting(gatewaytest.Body(rid))))
		w.Upstream.Post()
		_ = c.Conn.Close()
	}
	w.Eventually("they are gone", func() bool { return w.pending("s1") == 0 })
	w.Round("", gatewaytest.Body(3), gatewaytest.Body(3), gatewaytest.Terminated(itemNotFound))
	w.Eventually("it is over", func() bool { return w.pending("s1") == 0 })
	if w.taken() != 1 {
		t.Error("its place is free, and Prosody has it")
	}
}

// TestBOSHKeptFor: Prosody says how long it keeps a session.
func TestBOSHKeptFor(t *testing.T) {
	for inactivity, want := range map[string]time.Duration{
		"60": 75 * time.Second, "0": 15 * time.Second, "100000": longestKept, "": usuallyKept, "-1": usuallyKept, "1e3": usuallyKept, "9999999999": usuallyKept,
	} {
		w := newWorld(t, Options{})
		made := strings.Replace(gatewaytest.Told(), "sid=", fmt.Sprintf("inactivity=%q sid=", inactivity), 1)
		w.Round("", gatewaytest.Creating(), gatewaytest.Creating(), made)
		w.of("s1", func(s *session) {
			if s.kept != want {
				t.Errorf("%q: %v, want %v", inactivity, s.kept, want)
			}
		})
		w.swept(longestKept + time.Second)
	}
}

// TestBOSHLoginTimeout: a session without a login ends, however busy.
func TestBOSHLoginTimeout(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session("")
	w.Round("", gatewaytest.Body(2), gatewaytest.Body(2), gatewaytest.Told())
	w.Sweep(time.Now().Add(time.Minute + time.Second))
	w.of("s1", func(s *session) {
		if !s.over.Load() {
			t.Error("it is not over")
		}
	})
	(<-w.Send("", gatewaytest.Body(3, gatewaytest.Anonymous))).Wants(t, http.StatusOK, "There was no login in time.")
	if w.taken() != 1 {
		t.Error("its place is free, and Prosody has it")
	}
	w.Upstream.Untouched()
}

// TestBOSHGivesUp: Prosody's answer to the end of a session that was refused
// here gives its place back, or time does.
func TestBOSHGivesUp(t *testing.T) {
	for answers, free := range map[string]bool{gatewaytest.Terminated(""): true, gatewaytest.Terminated(itemNotFound): true, gatewaytest.Terminated(badRequest): false, gatewaytest.Told(): false, "hello": false} {
		w := newWorld(t, Options{})
		w.Session("")
		(<-w.Send("", gatewaytest.Body(2, gatewaytest.Register))).Wants(t, http.StatusOK, "Please log in first")
		w.Farewell("2", answers)
		w.Eventually("Prosody has been told", w.noFarewell)
		if got := w.taken() == 0; got != free {
			t.Errorf("%s: its place is free: %v", answers, got)
		}
		if !free {
			(<-w.Send("", gatewaytest.Body(3))).Wants(t, http.StatusOK, "Please log in first") // whichever answer is read first
		}
	}
}

// TestBOSHFarewells are bounded: a session whose end is not told ends by time.
func TestBOSHFarewells(t *testing.T) {
	w := newWorld(t, Options{})
	for i := range maxFarewells + 5 {
		s := strings.Replace(gatewaytest.Body(2, gatewaytest.Register), "s1", fmt.Sprint("x", i), 1)
		(<-w.Send("", s)).Wants(t, http.StatusOK, "reload the page")
	}
	for range maxFarewells {
		w.Upstream.Post().Answer <- gatewaytest.Told()
	}
	w.Eventually("they are over", w.noFarewell)
	w.Upstream.Untouched()
}

// A session that usher has not seen begin.

func other(s string) string { return strings.Replace(s, "s1", "other", 1) }

const pingOf = `<iq type="get" id="1" xmlns="jabber:client"><ping xmlns="urn:xmpp:ping"/></iq>`

// TestBOSHStrangers are read as strictly as who has not logged in: what passes
// means nothing before a login, and each request is counted.
func TestBOSHStrangers(t *testing.T) {
	for said, passes := range map[string]bool{
		"":                                    true,
		`<message to="a@b"><body/></message>`: true,
		`<presence xmlns="jabber:client"/>`:   true,
		pingOf:                                true,
		pingOf + pingOf:                       true,
		`<iq type="result" id="1"/>`:          true,
		`<iq type="get" id="1" to="r@c/bob"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`:                         true,
		`<iq type="set" id="1" to="r@c/focus"><jingle xmlns="urn:xmpp:jingle:1"><content><x xmlns="y"/></content></jingle></iq>`: true,
		`<iq type="set" id="1"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`:                                      false,
		`<iq type="set" id="1"><jingle xmlns="urn:xmpp:jingle:1"/><query xmlns="jabber:iq:register"/></iq>`:                      false,
		`<iq type="error" id="1"><error/></iq>`: true,

		gatewaytest.Anonymous:                  false,
		gatewaytest.Plain:                      false,
		gatewaytest.Register:                   false,
		gatewaytest.Legacy:                     false,
		`<response ` + gatewaytest.SASL + `/>`: false,
		"<!-- -->":                             false,
		"<message":                             false,
		`<iq type="get" id="1"><query xmlns="jabber:iq:register"/></iq>`:             false,
		strings.Replace(pingOf, "<ping", `<query xmlns="jabber:iq:auth"/><ping`, 1):  false,
		strings.Replace(pingOf, `"get"`, `"set"`, 1):                                 false,
		strings.Replace(pingOf, "<iq", `<iq from="alice@`+gatewaytest.Host+`/x"`, 1): false, // Prosody would answer there
		`<message from="alice@` + gatewaytest.Host + `/x"/>`:                         false,
		`<message xmlns="jabber:server"/>`:                                           false,
		`<a/>`:                                                                       false,
		pingOf + gatewaytest.Register:                                                false,
		`<message>` + strings.Repeat("x", budget.Piece) + `</message>`:               false,
	} {
		for _, way := range gatewaytest.WaysIn() {
			w := newWorld(t, Options{}, ways(way))
			got := w.Send(way.Token, other(gatewaytest.Body(7, said)))
			x := w.Upstream.Post()
			if want := passes && (way.Token != "" || way.Guests); (x.Body == other(gatewaytest.Body(7, said))) != want {
				t.Errorf("%s: %.200q: Prosody gets %.200q", way.Name, said, x.Body)
			} else if want {
				w.Eventually("it has a place", func() bool { return w.taken() == 1 }) // only it
			} else {
				(<-got).Wants(t, http.StatusOK, `type="terminate"`)
			}
			x.Answer <- gatewaytest.Told()
			w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
			w.Upstream.Untouched()
		}
	}
}

// TestBOSHFromBeforeARestart: a session goes on when Prosody addresses an
// account on it, and its joins are seen again. It has a place from then on.
func TestBOSHFromBeforeARestart(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	const message = `<message xmlns="jabber:client" from="one@conference.meet.example.com/bob" to="alice@meet.example.com/res"/>`
	for i, answers := range []string{
		gatewaytest.Told(),
		gatewaytest.Told(`<message xmlns="jabber:client" to="alice@meet.example.com"/>`), // not to the stream of an account
		gatewaytest.Told(`<message xmlns="jabber:client"/>`),
		gatewaytest.Told(`<iq xmlns="jabber:client" type="result" to="meet.example.com/res"/>`),
		gatewaytest.Told(`<x to="alice@meet.example.com/res"/>`),
		gatewaytest.Told(`<x>` + message + `</x>`),
		gatewaytest.Told(message),
	} {
		w.Eventually(fmt.Sprintf("it is not known before answer %d", i), func() bool { return w.taken() == 0 })
		w.Round(gatewaytest.AliceToken, other(gatewaytest.Body(7+i)), other(gatewaytest.Body(7+i)), answers)
	}
	w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 1)
	joins := other(gatewaytest.Body(20, gatewaytest.Register, gatewaytest.Join(gatewaytest.Room+"/Alice")))
	w.Round(gatewaytest.AliceToken, joins, joins, gatewaytest.Told())
	if got := w.Rooms.Told(); got != "alice@"+gatewaytest.Host+" "+gatewaytest.Room {
		t.Errorf("told of %q", got)
	}
}

// TestBOSHFromBeforeARestartWithoutAPlace: it stays a stranger.
func TestBOSHFromBeforeARestartWithoutAPlace(t *testing.T) {
	w := newWorld(t, Options{}, connections(1, 1))
	w.Round("", other(gatewaytest.Body(7)), other(gatewaytest.Body(7)), gatewaytest.Told(`<message xmlns="jabber:client" to="alice@meet.example.com/res"/>`)) // its request has the place
	(<-w.Send("", other(gatewaytest.Body(8, gatewaytest.Register)))).Wants(t, http.StatusOK, "This session is not known here any more. Please reload the page.")
	w.Upstream.Post().Answer <- gatewaytest.Told()
	w.of("other", func(s *session) {
		if s != nil {
			t.Error("it is tracked")
		}
	})
}
