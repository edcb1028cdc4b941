package bosh

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/stanza"
	"usher/metrics"
)

// terminate is the end that a client asks for.
func terminate(rid int, content ...string) string {
	return strings.Replace(gatewaytest.Body(rid, content...), "sid=", `type="terminate" sid=`, 1)
}

func TestBOSHLogin(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	w.BOSHLogin(gatewaytest.AliceToken)
	want := auth.Credentials{Door: login.Door, Host: gatewaytest.Host, Token: gatewaytest.AliceToken, Waiting: true}
	if got := w.Auth.Questions(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 1)
	// The login is over: all passes, of any length, and each body with joins is read.
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(3, gatewaytest.Anonymous, "<!-- -->"), gatewaytest.Body(3, gatewaytest.Anonymous, "<!-- -->"), gatewaytest.Told())
	long := gatewaytest.Body(4, `<message>`+strings.Repeat("x", maxJoining)+`</message>`, gatewaytest.Join(gatewaytest.Room+"/not seen"))
	w.Round(gatewaytest.AliceToken, long, long, gatewaytest.Told(long))
	joins := gatewaytest.Body(5, `<presence xmlns="jabber:client"/>`, gatewaytest.Join(gatewaytest.Room+"/Alice"), gatewaytest.Join("two@conference.meet.example.com/Alice"))
	w.Round(gatewaytest.AliceToken, joins, joins, gatewaytest.Told())
	if got, want := w.Rooms.Told(), "alice@"+gatewaytest.Host+" "+gatewaytest.Room+", alice@"+gatewaytest.Host+" two@conference.meet.example.com"; got != want {
		t.Errorf("told of %q, want %q", got, want)
	}
	w.Round(gatewaytest.AliceToken, terminate(6), terminate(6), gatewaytest.Terminated(""))
	w.Eventually("its place is free", func() bool { return w.taken() == 0 })
	w.Counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
	if got := w.Auth.Cancelled(); got != "" {
		t.Errorf("cancelled %s", got)
	}
}

// TestBOSHHeaders: Prosody gets no token, and the page may read the answer.
func TestBOSHHeaders(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	header := http.Header{"Authorization": {"Bearer " + gatewaytest.AliceToken}, "Referer": {gatewaytest.Page + "?jwt=" + gatewaytest.AliceToken}, "X-Original-Url": {"?token=" + gatewaytest.AliceToken},
		"Content-Type": {"text/xml"}, "Cookie": {"a=b"}, "Accept-Encoding": {"gzip"}}
	got := w.Later(w.Request(http.MethodPost, gatewaytest.BOSHPath+"?x=%zz&room="+gatewaytest.SecretRoom, gatewaytest.Creating(gatewaytest.Anonymous), header))
	x := w.Upstream.Post()
	if x.Body != gatewaytest.Creating(gatewaytest.WithTicket("1")) || x.URL.RawQuery != "x=%zz&room="+gatewaytest.SecretRoom || x.Host != w.Address {
		t.Errorf("Prosody gets %s for %s?%s", x.Body, x.Host, x.URL.RawQuery)
	}
	if h := fmt.Sprint(x.Header); strings.Contains(h, gatewaytest.SecretWord) || strings.Contains(h, "gzip") || x.Header.Get("Cookie") != "a=b" || x.Header.Get("Content-Type") != "text/xml" {
		t.Errorf("with %v", x.Header)
	}
	x.Answer <- gatewaytest.Told(gatewaytest.Success)
	a := <-got
	a.Wants(t, http.StatusOK, gatewaytest.Success)
	if origins := a.Header.Values("Access-Control-Allow-Origin"); len(origins) != 1 || origins[0] != gatewaytest.Page || a.Header.Get("Vary") != "Origin" {
		t.Errorf("the page may read it: %v", a.Header)
	}
}

// TestBOSHRefusal is told in the answer; the session ends at the upstream, by
// the identifier of the request that never got there, and here.
func TestBOSHRefusal(t *testing.T) {
	w := newWorld(t, Options{})
	token := gatewaytest.RefusedToken(auth.ReasonExpired)
	w.Session(token)
	(<-w.Send(token, gatewaytest.Body(2, gatewaytest.Anonymous))).Wants(t, http.StatusOK, stanza.WriteBody(stanza.Failure("not-authorized", auth.ReasonExpired.ClientText())))
	x := w.Upstream.Post()
	if x.Body != stanza.Terminate("s1", "2", "") || x.URL.RawQuery != "room="+gatewaytest.SecretRoom {
		t.Errorf("Prosody gets %s for %s", x.Body, x.URL.RawQuery)
	}
	x.Answer <- gatewaytest.Told()
	(<-w.Send(token, gatewaytest.Body(3))).Wants(t, http.StatusOK, `type="terminate" condition="item-not-found"`)
	w.Upstream.Untouched()
	w.swept(usuallyKept + time.Second)
}

// TestBOSHUnreadable: before the login nothing passes that could be another
// thing to Prosody, and the session is over.
func TestBOSHUnreadable(t *testing.T) {
	for name, row := range map[string]struct {
		body  string
		known bool // its session can be told from it
		says  string
	}{
		"no XML":          {"hello", false, badRequest},
		"nothing":         {"", false, badRequest},
		"a declaration":   {`<?xml version="1.0"?>` + gatewaytest.Body(2, gatewaytest.Anonymous), false, badRequest},
		"another element": {`<body sid="s1"/>`, false, badRequest},
		"many attributes": {`<body ` + gatewaytest.BOSH + strings.Repeat(` a="b"`, 1000) + ` sid="s1"/>`, false, badRequest},
		"a long tag":      {`<body ` + gatewaytest.BOSH + ` a="` + strings.Repeat("b", 5000) + `" sid="s1"/>`, false, badRequest},
		"no number":       {strings.Replace(gatewaytest.Body(2, gatewaytest.Anonymous), `rid="2"`, `rid="2e0"`, 1), false, badRequest},
		"a comment":       {gatewaytest.Body(2, "<!-- -->", gatewaytest.Anonymous), true, badRequest},
		"cut":             {gatewaytest.Body(2, gatewaytest.Anonymous)[:130], true, badRequest},
		"two bodies":      {gatewaytest.Body(2) + gatewaytest.Body(2, gatewaytest.Anonymous), true, badRequest},
		"two logins":      {gatewaytest.Body(2, gatewaytest.Anonymous, gatewaytest.Anonymous), true, badRequest},
		"login not first": {gatewaytest.Body(2, "<a/>", gatewaytest.Anonymous), true, badRequest},
		"children in it":  {gatewaytest.Body(2, `<auth `+gatewaytest.SASL+` mechanism="ANONYMOUS"><x/></auth>`), true, badRequest},
		"too long":        {gatewaytest.Body(2, "<a>"+strings.Repeat("x", budget.Piece)+"</a>"), true, "too large before the login"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, noGuests)
			w.Session(gatewaytest.AliceToken)
			(<-w.Send(gatewaytest.AliceToken, row.body)).Wants(t, http.StatusOK, row.says)
			if row.known {
				x := w.Upstream.Post()
				if x.Body != stanza.Terminate("s1", "2", "") {
					t.Errorf("Prosody gets %s", x.Body)
				}
				x.Answer <- gatewaytest.Told()
				(<-w.Send(gatewaytest.AliceToken, gatewaytest.Body(3))).Wants(t, http.StatusOK, `type="terminate"`)
			}
			w.Upstream.Untouched()
			w.swept(2 * usuallyKept)
			if n := w.Auth.Left(); n != 0 {
				t.Errorf("%d tickets are left", n)
			}
		})
	}
}

// TestBOSHGuests pass untouched, whatever they send once they have logged in.
func TestBOSHGuests(t *testing.T) {
	w := newWorld(t, Options{})
	w.BOSHGuest()
	for i, s := range []string{gatewaytest.Body(3, gatewaytest.Anonymous), gatewaytest.Body(4, "<a>"+strings.Repeat("x", 2*budget.Piece)+"</a>"), gatewaytest.Body(5, "<!-- -->"), gatewaytest.Body(6, "<a"), gatewaytest.Body(7, gatewaytest.Join(gatewaytest.Room+"/x"))} {
		w.Round("", s, s, gatewaytest.Told(fmt.Sprint(i)))
	}
	if len(w.Auth.Questions()) > 0 || w.Rooms.Told() != "" {
		t.Errorf("asked %v, told of %s", w.Auth.Questions(), w.Rooms.Told())
	}
}

func TestBOSHWithoutGuests(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	w.Session("")
	for _, login := range []string{gatewaytest.Anonymous, gatewaytest.Plain} {
		(<-w.Send("", strings.Replace(gatewaytest.Body(2, login), "s1", "other", 1))).Wants(t, http.StatusOK, auth.ReasonTokenRequired.ClientText())
		w.Upstream.Post().Answer <- gatewaytest.Told() // the end of it
	}
	(<-w.Send("", gatewaytest.Creating(gatewaytest.Anonymous))).Wants(t, http.StatusOK, auth.ReasonTokenRequired.ClientText())
	w.Upstream.Untouched()
}

// TestBOSHPassword passes where guests do; the session is read strictly until it
// has succeeded.
func TestBOSHPassword(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session(gatewaytest.AliceToken)
	more := `<response ` + gatewaytest.SASL + `>AA==</response>`
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(2, gatewaytest.Plain), gatewaytest.Body(2, gatewaytest.Plain), gatewaytest.Told(`<challenge `+gatewaytest.SASL+`/>`))
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(3, more), gatewaytest.Body(3, more), gatewaytest.Told(gatewaytest.Success))
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(4, "<!-- -->", gatewaytest.Join(gatewaytest.Room+"/x")), gatewaytest.Body(4, "<!-- -->", gatewaytest.Join(gatewaytest.Room+"/x")), gatewaytest.Told())
	if len(w.Auth.Questions()) > 0 || w.Rooms.Told() != "" {
		t.Errorf("asked %v, told of %s", w.Auth.Questions(), w.Rooms.Told())
	}
}

// TestBOSHLoginWhenItIsMade: some clients log in with the first request.
func TestBOSHLoginWhenItIsMade(t *testing.T) {
	w := newWorld(t, Options{})
	w.Round(gatewaytest.AliceToken, gatewaytest.Creating(gatewaytest.Anonymous), gatewaytest.Creating(gatewaytest.WithTicket("1")), gatewaytest.Told(gatewaytest.Success))
	w.Auth.Use(gatewaytest.TicketText + "1")
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(2, gatewaytest.Join(gatewaytest.Room+"/Alice")), gatewaytest.Body(2, gatewaytest.Join(gatewaytest.Room+"/Alice")), gatewaytest.Told())
	if got := w.Rooms.Told(); got != "alice@"+gatewaytest.Host+" "+gatewaytest.Room {
		t.Errorf("told of %q", got)
	}
}

// TestBOSHSuccessInAnEarlierAnswer: Prosody answers the request that has waited
// longest, which may be one from before the login.
func TestBOSHSuccessInAnEarlierAnswer(t *testing.T) {
	w := newWorld(t, Options{})
	w.Session(gatewaytest.AliceToken)
	waiting := w.Send(gatewaytest.AliceToken, gatewaytest.Body(2))
	earlier := w.Upstream.Post()
	login := w.Send(gatewaytest.AliceToken, gatewaytest.Body(3, gatewaytest.Anonymous))
	later := w.Upstream.Post()
	w.Auth.Use(gatewaytest.TicketText + "1")
	earlier.Answer <- gatewaytest.Told(gatewaytest.Success)
	(<-waiting).Wants(t, http.StatusOK, gatewaytest.Success)
	later.Answer <- gatewaytest.Told()
	<-login
	w.Round(gatewaytest.AliceToken, gatewaytest.Body(4, gatewaytest.Join(gatewaytest.Room+"/Alice")), gatewaytest.Body(4, gatewaytest.Join(gatewaytest.Room+"/Alice")), gatewaytest.Told())
	if got := w.Rooms.Told(); got != "alice@"+gatewaytest.Host+" "+gatewaytest.Room {
		t.Errorf("told of %q", got)
	}
}
