package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/metrics"

	"usher/auth/gateway/budget"
)

const bosh = `xmlns="http://jabber.org/protocol/httpbind"`

func creating(content ...string) string {
	return `<body ` + bosh + ` rid="1" to="Meet.example.com" wait="60" hold="1">` + strings.Join(content, "") + `</body>`
}

func body(rid int, content ...string) string {
	return fmt.Sprintf(`<body %s rid="%d" sid="s1">%s</body>`, bosh, rid, strings.Join(content, ""))
}

// terminate is the end that a client asks for.
func terminate(rid int, content ...string) string {
	return strings.Replace(body(rid, content...), "sid=", `type="terminate" sid=`, 1)
}

func told(content ...string) string {
	return `<body ` + bosh + ` sid="s1">` + strings.Join(content, "") + `</body>`
}

// boshQuery is what stands behind the address of each request.
func boshQuery(token string) string {
	if token == "" {
		return BOSHPath + "?room=" + secretRoom
	}
	return BOSHPath + "?room=" + secretRoom + "&token=" + token
}

// send sends a request of BOSH, whose answer comes later.
func (w *world) send(token, body string) <-chan answer {
	w.t.Helper()
	return w.later(w.request(http.MethodPost, boshQuery(token), body, http.Header{"Content-Type": {"text/xml"}}))
}

// round sends a request and wants the upstream to get another or the same one,
// which it answers.
func (w *world) round(token, sent, arrives, answers string) {
	w.t.Helper()
	got := w.send(token, sent)
	x := w.upstream.post()
	if x.body != arrives {
		w.t.Errorf("Prosody gets %.300s\nwant         %.300s", x.body, arrives)
	}
	x.answer <- answers
	if a := <-got; a.body != answers || a.status != http.StatusOK {
		w.t.Errorf("the client gets %d %.300s\nwant %.300s", a.status, a.body, answers)
	}
}

// session begins a session of BOSH, whose sid is s1.
func (w *world) session(token string) {
	w.t.Helper()
	w.round(token, creating(), creating(), told(`<features/>`))
}

// boshGuest begins a session and logs in without a token; its requests go on
// with 3.
func (w *world) boshGuest() {
	w.t.Helper()
	w.session("")
	w.round("", body(2, anonymous), body(2, anonymous), told(success))
}

// terminated is how Prosody ends a session, and what it says of one that it does
// not have or of a request out of order, or of a body that it cannot parse.
func terminated(condition string) string {
	if condition == "" {
		return `<body ` + bosh + ` type="terminate" xmlns:stream="http://etherx.jabber.org/streams"/>`
	}
	return `<body ` + bosh + ` type="terminate" condition="` + condition + `"/>`
}

// boshLogin logs in, in the second request.
func (w *world) boshLogin(token string) {
	w.t.Helper()
	w.session(token)
	w.round(token, body(2, anonymous), body(2, withTicket("1")), told(success))
	w.auth.use(ticketText + "1")
}

func TestBOSHLogin(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	w.boshLogin(aliceToken)
	want := auth.Credentials{Door: Door, Host: host, Token: aliceToken, Waiting: true}
	if got := w.auth.questions(); len(got) != 1 || got[0] != want {
		t.Errorf("asked %+v, want %+v", got, want)
	}
	w.counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 1)
	// The login is over: all passes, of any length, and each body with joins is read.
	w.round(aliceToken, body(3, anonymous, "<!-- -->"), body(3, anonymous, "<!-- -->"), told())
	long := body(4, `<message>`+strings.Repeat("x", mostJoining)+`</message>`, join(room+"/not seen"))
	w.round(aliceToken, long, long, told(long))
	joins := body(5, `<presence xmlns="jabber:client"/>`, join(room+"/Alice"), join("two@conference.meet.example.com/Alice"))
	w.round(aliceToken, joins, joins, told())
	if got, want := w.rooms.told(), "alice@"+host+" "+room+", alice@"+host+" two@conference.meet.example.com"; got != want {
		t.Errorf("told of %q, want %q", got, want)
	}
	w.round(aliceToken, terminate(6), terminate(6), terminated(""))
	w.eventually("its place is free", func() bool { return w.taken() == 0 })
	w.counted(metrics.GatewayConnections, metrics.TransportBOSH.String(), 0)
	if got := w.auth.told(&w.auth.cancelled); got != "" {
		t.Errorf("cancelled %s", got)
	}
}

// TestBOSHHeaders: Prosody gets no token, and the page may read the answer.
func TestBOSHHeaders(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	header := http.Header{"Authorization": {"Bearer " + aliceToken}, "Referer": {page + "?jwt=" + aliceToken}, "X-Original-Url": {"?token=" + aliceToken},
		"Content-Type": {"text/xml"}, "Cookie": {"a=b"}, "Accept-Encoding": {"gzip"}}
	got := w.later(w.request(http.MethodPost, BOSHPath+"?x=%zz&room="+secretRoom, creating(anonymous), header))
	x := w.upstream.post()
	if x.body != creating(withTicket("1")) || x.URL.RawQuery != "x=%zz&room="+secretRoom || x.Host != w.address {
		t.Errorf("Prosody gets %s for %s?%s", x.body, x.Host, x.URL.RawQuery)
	}
	if h := fmt.Sprint(x.Header); strings.Contains(h, secretWord) || strings.Contains(h, "gzip") || x.Header.Get("Cookie") != "a=b" || x.Header.Get("Content-Type") != "text/xml" {
		t.Errorf("with %v", x.Header)
	}
	x.answer <- told(success)
	a := <-got
	a.wants(t, http.StatusOK, success)
	if origins := a.header.Values("Access-Control-Allow-Origin"); len(origins) != 1 || origins[0] != page || a.header.Get("Vary") != "Origin" {
		t.Errorf("the page may read it: %v", a.header)
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t, Options{})
	ask := func(origin string) answer {
		return w.do(w.request(http.MethodOptions, boshQuery(aliceToken), "", http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}))
	}
	a := ask(page)
	a.wants(t, http.StatusNoContent, "")
	if h := a.header; h.Get("Access-Control-Allow-Origin") != page || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "POST") ||
		!strings.Contains(h.Get("Access-Control-Allow-Headers"), "Content-Type") || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", h)
	}
	if a = ask("https://evil.example"); a.status != http.StatusForbidden || a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%+v", a)
	}
	w.upstream.untouched()
}

// TestBOSHRefusal is told in the answer; the session ends at the upstream, by
// the identifier of the request that never got there, and here.
func TestBOSHRefusal(t *testing.T) {
	w := newWorld(t, Options{})
	token := refusedToken(auth.ReasonExpired)
	w.session(token)
	(<-w.send(token, body(2, anonymous))).wants(t, http.StatusOK, stanza.WriteBody(stanza.Failure("not-authorized", auth.ReasonExpired.ClientText())))
	x := w.upstream.post()
	if x.body != stanza.Terminate("s1", "2", "") || x.URL.RawQuery != "room="+secretRoom {
		t.Errorf("Prosody gets %s for %s", x.body, x.URL.RawQuery)
	}
	x.answer <- told()
	(<-w.send(token, body(3))).wants(t, http.StatusOK, `type="terminate" condition="item-not-found"`)
	w.upstream.untouched()
	w.swept(boshKept + time.Second)
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
		"a declaration":   {`<?xml version="1.0"?>` + body(2, anonymous), false, badRequest},
		"another element": {`<body sid="s1"/>`, false, badRequest},
		"many attributes": {`<body ` + bosh + strings.Repeat(` a="b"`, 1000) + ` sid="s1"/>`, false, badRequest},
		"a long tag":      {`<body ` + bosh + ` a="` + strings.Repeat("b", 5000) + `" sid="s1"/>`, false, badRequest},
		"no number":       {strings.Replace(body(2, anonymous), `rid="2"`, `rid="2e0"`, 1), false, badRequest},
		"a comment":       {body(2, "<!-- -->", anonymous), true, badRequest},
		"cut":             {body(2, anonymous)[:130], true, badRequest},
		"two bodies":      {body(2) + body(2, anonymous), true, badRequest},
		"two logins":      {body(2, anonymous, anonymous), true, badRequest},
		"login not first": {body(2, "<a/>", anonymous), true, badRequest},
		"children in it":  {body(2, `<auth `+sasl+` mechanism="ANONYMOUS"><x/></auth>`), true, badRequest},
		"too long":        {body(2, "<a>"+strings.Repeat("x", budget.Piece)+"</a>"), true, "too large before the login"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}, noGuests)
			w.session(aliceToken)
			(<-w.send(aliceToken, row.body)).wants(t, http.StatusOK, row.says)
			if row.known {
				x := w.upstream.post()
				if x.body != stanza.Terminate("s1", "2", "") {
					t.Errorf("Prosody gets %s", x.body)
				}
				x.answer <- told()
				(<-w.send(aliceToken, body(3))).wants(t, http.StatusOK, `type="terminate"`)
			}
			w.upstream.untouched()
			w.swept(2 * boshKept)
			if n := w.auth.left(); n != 0 {
				t.Errorf("%d tickets are left", n)
			}
		})
	}
}

// TestBOSHGuests pass untouched, whatever they send once they have logged in.
func TestBOSHGuests(t *testing.T) {
	w := newWorld(t, Options{})
	w.boshGuest()
	for i, s := range []string{body(3, anonymous), body(4, "<a>"+strings.Repeat("x", 2*budget.Piece)+"</a>"), body(5, "<!-- -->"), body(6, "<a"), body(7, join(room+"/x"))} {
		w.round("", s, s, told(fmt.Sprint(i)))
	}
	if len(w.auth.questions()) > 0 || w.rooms.told() != "" {
		t.Errorf("asked %v, told of %s", w.auth.questions(), w.rooms.told())
	}
}

func TestBOSHWithoutGuests(t *testing.T) {
	w := newWorld(t, Options{}, noGuests)
	w.session("")
	for _, login := range []string{anonymous, plain} {
		(<-w.send("", strings.Replace(body(2, login), "s1", "other", 1))).wants(t, http.StatusOK, auth.ReasonTokenRequired.ClientText())
		w.upstream.post().answer <- told() // the end of it
	}
	(<-w.send("", creating(anonymous))).wants(t, http.StatusOK, auth.ReasonTokenRequired.ClientText())
	w.upstream.untouched()
}

// TestBOSHPassword passes where guests do; the session is read strictly until it
// has succeeded.
func TestBOSHPassword(t *testing.T) {
	w := newWorld(t, Options{})
	w.session(aliceToken)
	more := `<response ` + sasl + `>AA==</response>`
	w.round(aliceToken, body(2, plain), body(2, plain), told(`<challenge `+sasl+`/>`))
	w.round(aliceToken, body(3, more), body(3, more), told(success))
	w.round(aliceToken, body(4, "<!-- -->", join(room+"/x")), body(4, "<!-- -->", join(room+"/x")), told())
	if len(w.auth.questions()) > 0 || w.rooms.told() != "" {
		t.Errorf("asked %v, told of %s", w.auth.questions(), w.rooms.told())
	}
}

// TestBOSHLoginWhenItIsMade: some clients log in with the first request.
func TestBOSHLoginWhenItIsMade(t *testing.T) {
	w := newWorld(t, Options{})
	w.round(aliceToken, creating(anonymous), creating(withTicket("1")), told(success))
	w.auth.use(ticketText + "1")
	w.round(aliceToken, body(2, join(room+"/Alice")), body(2, join(room+"/Alice")), told())
	if got := w.rooms.told(); got != "alice@"+host+" "+room {
		t.Errorf("told of %q", got)
	}
}

// TestBOSHSuccessInAnEarlierAnswer: Prosody answers the request that has waited
// longest, which may be one from before the login.
func TestBOSHSuccessInAnEarlierAnswer(t *testing.T) {
	w := newWorld(t, Options{})
	w.session(aliceToken)
	waiting := w.send(aliceToken, body(2))
	earlier := w.upstream.post()
	login := w.send(aliceToken, body(3, anonymous))
	later := w.upstream.post()
	w.auth.use(ticketText + "1")
	earlier.answer <- told(success)
	(<-waiting).wants(t, http.StatusOK, success)
	later.answer <- told()
	<-login
	w.round(aliceToken, body(4, join(room+"/Alice")), body(4, join(room+"/Alice")), told())
	if got := w.rooms.told(); got != "alice@"+host+" "+room {
		t.Errorf("told of %q", got)
	}
}
