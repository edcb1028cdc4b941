package bosh

import (
	"net/http"
	"strings"
	"testing"

	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/proxy"
)

// The first request has an inner token; later ones have none; and the client learns its
// account when that is recorded.
func TestRelayedLogin(t *testing.T) {
	w := newRelayWorld(t)
	seen, got := w.exchange(gatewaytest.Creating(), gatewaytest.Told(`<stream:features xmlns:stream="s"/>`))
	got.Wants(t, 200, "<stream:features")
	if q := seen.URL.RawQuery; q != "room="+gatewaytest.SecretRoom+"&token=inner.token.x" || seen.Header.Get("Authorization") != "" {
		t.Errorf("Prosody is asked with %s", q)
	}
	if told := w.logins.told(); told != "begin "+gatewaytest.Host+" "+gatewaytest.SecretRoom {
		t.Errorf("the login is %s", told)
	}
	seen, got = w.exchange(gatewaytest.Body(2, gatewaytest.Anonymous), gatewaytest.Told(gatewaytest.Success))
	got.Wants(t, 200, gatewaytest.Success)
	if seen.URL.RawQuery != "room="+gatewaytest.SecretRoom || seen.Body != gatewaytest.Body(2, gatewaytest.Anonymous) {
		t.Errorf("later Prosody is asked with %s: %s", seen.URL.RawQuery, seen.Body)
	}
	w.logins.recording = make(chan struct{})
	later := w.Send(goodToken, gatewaytest.Body(3, bind))
	w.Upstream.Post().Answer <- gatewaytest.Told(bindResult)
	select {
	case a := <-later:
		t.Fatalf("the client has %s before that is recorded", a.Body)
	case <-t.Context().Done():
	case w.logins.recording <- struct{}{}:
	}
	a := gatewaytest.Receive(t, later)
	a.Wants(t, 200, bindResult)
	if !strings.Contains(w.logins.told(), "record u-1@"+gatewaytest.Host) {
		t.Errorf("recorded: %s", w.logins.told())
	}
}

// Elements of a body are judged one by one, and only what is refused is swapped.
func TestRelayedBodies(t *testing.T) {
	w := newRelayWorld(t)
	w.login()
	w.rid++
	in := `<body ` + gatewaytest.BOSH + ` xmlns:m="http://jabber.org/protocol/muc" rid='5'  sid="s1" > ` + message + joining(closedRoom) +
		"\n" + `<presence to="closed@conference.meet.example.com/m" id="k"><m:x/></presence>` + joining(openRoom) + `</body>`
	seen, _ := w.exchange(in, gatewaytest.Told())
	before, after, _ := strings.Cut(seen.Body, `<iq xmlns="jabber:client" type="get" to="meet.example.com" id="ushr.`)
	if before != in[:strings.Index(in, joining(closedRoom))] || strings.Count(after, "urn:xmpp:ping") != 2 ||
		!strings.HasSuffix(after, "</iq>"+joining(openRoom)+"</body>") || strings.Contains(seen.Body, "closed@") {
		t.Fatalf("Prosody gets %s", seen.Body)
	}
	var pongs strings.Builder
	for _, part := range strings.Split(seen.Body, `id="ushr.`)[1:] {
		id, _, _ := strings.Cut(part, `"`)
		pongs.WriteString(`<iq xmlns="jabber:client" type="result" from="meet.example.com" to="` + full + `" id="ushr.` + id + `"/>`)
	}
	own := `<presence xmlns="jabber:client" from="` + openRoom + `" to="` + full +
		`"><x xmlns="http://jabber.org/protocol/muc#user"><status code="110"/></x></presence>`
	_, got := w.says("", message+pongs.String()+own)
	for _, part := range []string{
		`<presence xmlns="jabber:client" type="error" from="` + closedRoom + `" to="` + full + `" id="j"><error type="cancel"><not-allowed `,
		`from="closed@conference.meet.example.com/m"`, "Your link is for another room.", message, own,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("the client gets %s, without %s", got, part)
		}
	}
	if strings.Contains(got, "ushr.") || !strings.Contains(w.logins.told(), "entered "+openRoom) {
		t.Errorf("the client gets %s; told %s", got, w.logins.told())
	}
	if _, got := w.says("", message); got != gatewaytest.Told(message) {
		t.Errorf("what is not judged is %s", got)
	}
}

// What ends a session: each is Prosody's end, too.
func TestRelayedEnds(t *testing.T) {
	presence := `<presence to="` + openRoom + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
	for name, c := range map[string]struct {
		phase     string
		content   string
		condition string
	}{
		"a join first":                {"begun", presence, "policy-violation"},
		"a message first":             {"begun", message, "policy-violation"},
		"bind first":                  {"begun", bind, "policy-violation"},
		"a password":                  {"begun", gatewaytest.Plain, "policy-violation"},
		"two logins":                  {"begun", gatewaytest.Anonymous + gatewaytest.Anonymous, "policy-violation"},
		"a login and more":            {"begun", gatewaytest.Anonymous + bind, "policy-violation"},
		"a second login":              {"trying", gatewaytest.Anonymous, "policy-violation"},
		"bind before the answer":      {"trying", bind, "policy-violation"},
		"bind and a join":             {"authenticated", bind + presence, "policy-violation"},
		"a join before bind":          {"authenticated", presence, "policy-violation"},
		"a join while bind runs":      {"binding", presence, "policy-violation"},
		"a session while bind runs":   {"binding", bind, "policy-violation"},
		"resume":                      {"authenticated", `<resume xmlns="urn:xmpp:sm:3" previd="x" h="0"/>`, "policy-violation"},
		"enable":                      {"bound", `<enable xmlns="urn:xmpp:sm:3" resume="true"/>`, "policy-violation"},
		"the end of another stream":   {"bound", `<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`, "policy-violation"},
		"no stanza":                   {"bound", `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"/>`, "policy-violation"},
		"a stanza of no namespace":    {"bound", `<presence xmlns="" to="` + closedRoom + `"/>`, "policy-violation"},
		"a comment":                   {"bound", `<!-- -->`, "not-well-formed"},
		"a prefix of nothing":         {"bound", `<a:presence xmlns:a=""/>`, "not-well-formed"},
		"what cannot be read":         {"bound", `<presence>`, "not-well-formed"},
		"much before the login":       {"begun", strings.Repeat(" ", 17<<10), "policy-violation"},
		"a refused join, and worse":   {"bound", joining(closedRoom) + `<x xmlns="y"/>`, "policy-violation"},
		"an address that is too long": {"bound", joining("closed@" + strings.Repeat("a", 1<<10)), "policy-violation"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newRelayWorld(t)
			w.begin()
			waiting := w.reach(c.phase)
			w.rid++
			got := gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Body(w.rid, c.content)))
			if waiting != nil {
				waiting.Answer <- gatewaytest.Told()
			}
			w.ends(got, c.condition, w.rid)
		})
	}
}

// reach brings a session that has begun to a phase. If a request waits in it, that is
// returned.
func (w *relayWorld) reach(phase string) (waiting *gatewaytest.Exchange) {
	w.T.Helper()
	if phase == "begun" {
		return nil
	}
	if phase == "trying" {
		w.rid++
		w.Send(goodToken, gatewaytest.Body(w.rid, gatewaytest.Anonymous))
		return w.Upstream.Post()
	}
	w.says(gatewaytest.Anonymous, gatewaytest.Success)
	switch phase {
	case "binding":
		w.rid++
		w.Send(goodToken, gatewaytest.Body(w.rid, bind))
		return w.Upstream.Post()
	case "bound":
		w.says(bind, bindResult)
	}
	return nil
}

// The order in which requests come in is not the one in which Prosody takes them.
func TestRelayedOutOfOrder(t *testing.T) {
	w := newRelayWorld(t)
	w.login() // the last was number 4
	six := w.Send(goodToken, gatewaytest.Body(6, joining(closedRoom)))
	waits := w.Upstream.Post()
	if strings.Contains(waits.Body, "closed@") || !strings.Contains(waits.Body, "ushr.") {
		t.Errorf("number 6, which comes first, is %s", waits.Body)
	}
	w.rid = 4
	if seen, _ := w.says(joining(openRoom), ""); seen != gatewaytest.Body(5, joining(openRoom)) {
		t.Errorf("number 5 is %s", seen)
	}
	waits.Answer <- gatewaytest.Told()
	gatewaytest.Receive(t, six).Wants(t, 200, "<body")
	// Before an account is known, what comes too early ends the session.
	w = newRelayWorld(t)
	w.begin()
	w.rid = 3
	got := gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Body(3, bind)))
	w.ends(got, "policy-violation", 3)
}

// A request that is sent again is no second step; another under its number is none at
// all.
func TestRelayedRepeats(t *testing.T) {
	w := newRelayWorld(t)
	w.begin()
	for rid, content := range map[int]string{2: gatewaytest.Anonymous} {
		for range 3 {
			seen, got := w.exchange(gatewaytest.Body(rid, content), gatewaytest.Told(gatewaytest.Success))
			if got.Wants(t, 200, gatewaytest.Success); seen.Body != gatewaytest.Body(rid, content) {
				t.Errorf("again it is %s", seen.Body)
			}
		}
	}
	w.rid = 2
	w.says(bind, bindResult)
	for range 2 { // Prosody repeats its answer
		_, got := w.exchange(gatewaytest.Body(3, bind), gatewaytest.Told(bindResult))
		got.Wants(t, 200, full)
	}
	if told := w.logins.told(); strings.Count(told, "record") != 1 {
		t.Errorf("told: %s", told)
	}
	w.rid = 3
	first, _ := w.says(joining(closedRoom), "")
	again, _ := w.exchange(gatewaytest.Body(4, joining(closedRoom)), gatewaytest.Told())
	if again.Body != first {
		t.Errorf("a refusal that is sent again is %s, was %s", again.Body, first)
	}
	got := gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Body(4, joining(openRoom))))
	got.Wants(t, 200, "policy-violation")
	w.farewell(4)
}

// A guest needs no token, and waits for the host.
func TestRelayedGuest(t *testing.T) {
	w := newRelayWorld(t)
	create := strings.Replace(gatewaytest.Creating(), "Meet.example.com", "guest.example.com", 1)
	later := w.Send("", create)
	x := w.Upstream.Post()
	if x.URL.RawQuery != "room="+gatewaytest.SecretRoom {
		t.Errorf("Prosody is asked with %s", x.URL.RawQuery)
	}
	x.Answer <- gatewaytest.Told()
	gatewaytest.Receive(t, later)
	for _, s := range [][2]string{{gatewaytest.Anonymous, gatewaytest.Success},
		{bind, strings.ReplaceAll(bindResult, "meet.example.com", "guest.example.com")}} {
		w.says(s[0], s[1])
	}
	seen, _ := w.says(`<iq xmlns="jabber:client" type="set" to="focus.m" id="c"><conference `+
		`xmlns="http://jitsi.org/protocol/focus" room="r@conference.meet.example.com"/></iq>`, "")
	if !strings.Contains(seen, `to="guest.example.com" id="ushr.`) {
		t.Errorf("an early guest asks with %s", seen)
	}
	w2 := newRelayWorld(t, noGuests)
	got := gatewaytest.Receive(t, w2.Send("", create))
	got.Wants(t, 200, "ANONYMOUS")
	w2.Upstream.Untouched()
}

func TestUnlistedHost(t *testing.T) {
	w := newRelayWorld(t)
	for _, host := range []string{"other.example.com", "meet.example.com.", "ｍeet.example.com", ""} {
		got := gatewaytest.Receive(t, w.Send(goodToken, strings.Replace(gatewaytest.Creating(), "Meet.example.com", host, 1)))
		got.Wants(t, 200, `type="terminate" condition="host-unknown"`)
	}
	if line := w.Log.String(); !strings.Contains(line, "host=other.example.com") {
		t.Errorf("the log does not name the host: %s", line)
	}
	w.Upstream.Untouched()
}

// Tickets are as they were, on the hosts that have them.
func TestTicketHostBesideARelay(t *testing.T) {
	w := newRelayWorld(t)
	later := w.Send(gatewaytest.AliceToken, strings.Replace(gatewaytest.Creating(gatewaytest.Anonymous), "Meet.example.com", "plain.example.com", 1))
	x := w.Upstream.Post()
	if !strings.Contains(x.Body, gatewaytest.WithTicket("1")) || strings.Contains(x.URL.RawQuery, "token") {
		t.Errorf("Prosody gets %s %s", x.URL, x.Body)
	}
	x.Answer <- gatewaytest.Told()
	gatewaytest.Receive(t, later)
}

// A session that began before usher did cannot be judged: it ends.
func TestUntrackedBesideARelay(t *testing.T) {
	w := newRelayWorld(t)
	for _, content := range []string{"", message, joining(openRoom)} {
		got := gatewaytest.Receive(t, w.Send(goodToken, gatewaytest.Body(7, content)))
		got.Wants(t, http.StatusOK, `type="terminate" condition="item-not-found"`)
		x := w.Upstream.Post()
		if !strings.Contains(x.Body, `type="terminate"`) {
			t.Errorf("Prosody gets %s", x.Body)
		}
		x.Answer <- gatewaytest.Terminated("")
	}
	plain := newWorld(t, Options{}, func(c *proxy.Settings) {
		c.Hosts = map[string]proxy.HostSettings{gatewaytest.Host: {Kind: proxy.Tickets}}
	})
	later := plain.Send(gatewaytest.AliceToken, gatewaytest.Body(7, message))
	plain.Upstream.Post().Answer <- gatewaytest.Told()
	gatewaytest.Receive(t, later).Wants(t, 200, "<body")
}
