package relay

import (
	"bytes"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/gateway/stanza"
	"usher/auth/relayauth"
)

// TestLogin: each step waits for the one before, and the account is recorded before the
// client learns it.
func TestLogin(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	b.happened("record u-1@meet.example.com", b.logins.events)
	b.passes(b.down(on))
	b.happened("record u-1@meet.example.com, remember u-1@meet.example.com sm-1", b.logins.events)
	if b.stream.Account() != "u-1@meet.example.com" {
		t.Error(b.stream.Account())
	}
}

// TestBeforeTheAccount: nothing passes but the one step that is due. What came together
// with a step would be Prosody's before it is known whose it is.
func TestBeforeTheAccount(t *testing.T) {
	steps := []func(b *bench){
		func(b *bench) {},
		func(b *bench) { b.up(anon) },
		func(b *bench) { b.up(anon); b.down(yes) },
		func(b *bench) { b.authenticate() },
		func(b *bench) { b.authenticate(); b.up(bind) },
		func(b *bench) {
			b.up(anon)
			b.down(`<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-allowed/></failure>`)
		},
	}
	due := map[string][]int{anon: {0}, open: {2}, bind: {2, 3}} // which elements pass after which of the steps
	for _, said := range []string{
		anon, open, bind,
		`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">AGEAYg==</auth>`,
		`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"><x/></auth>`,
		`<authenticate xmlns="urn:xmpp:sasl:2" mechanism="ANONYMOUS"/>`,
		`<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" to="other.example.com"/>`,
		`<iq xmlns="jabber:client" type="set" id="b1" to="meet.example.com"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`,
		`<iq xmlns="jabber:client" type="get" id="b1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`,
		`<iq xmlns="jabber:client" type="set" id="b1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/><x/></iq>`,
		`<iq xmlns="jabber:client" type="get" id="1"><ping xmlns="urn:xmpp:ping"/></iq>`,
		presence(room+"/n", "", mucX), `<message xmlns="jabber:client"/>`,
		`<enable xmlns="urn:xmpp:sm:3"/>`, `<r xmlns="urn:xmpp:sm:3"/>`, `<active xmlns="urn:xmpp:csi:0"/>`,
		`<stream:stream xmlns:stream="http://etherx.jabber.org/streams"/>`, `<x/>`,
	} {
		for i, step := range steps {
			b := newBench(t, nil)
			step(b)
			passes := false
			for _, at := range due[said] {
				passes = passes || at == i
			}
			if v := b.up(said); passes != (v.End == nil) {
				t.Errorf("after step %d: %s ends with %+v, want that it passes: %v", i, said, v.End, passes)
			}
			if len(b.rooms.events) > 0 {
				t.Errorf("after step %d: the rooms are asked", i)
			}
		}
	}
}

// TestRecordRefused: what cannot be recorded does not log in.
func TestRecordRefused(t *testing.T) {
	for reason, condition := range map[auth.Reason]string{
		auth.ReasonRevoked: "not-authorized", auth.ReasonExpired: "not-authorized", auth.ReasonStateUnavailable: "resource-constraint",
	} {
		b := newBench(t, nil)
		b.logins.recorded = auth.Refuse(reason, "as asked")
		b.authenticate()
		b.up(bind)
		b.ends(b.down(mine), condition)
		b.ends(b.up(presence(room+"/n", "", mucX)), "policy-violation")
		b.stream.Gone(false)
		if len(b.rooms.events) > 0 {
			t.Errorf("%s: %v", reason, b.rooms.events)
		}
	}
}

// TestBoundElsewhere: an account of another host is none of this stream's.
func TestBoundElsewhere(t *testing.T) {
	for _, jid := range []string{"u-1@guest.meet.example.com/res", "meet.example.com", "@meet.example.com/x", "u-1@"} {
		b := newBench(t, nil)
		b.authenticate()
		b.up(bind)
		b.ends(b.down(strings.Replace(mine, full, jid, 1)), "internal-server-error")
		b.happened("", b.logins.events)
	}
}

// TestBindFails: an error, or somebody else's answer, is no account; another try may
// follow.
func TestBindFails(t *testing.T) {
	b := newBench(t, nil)
	b.authenticate()
	b.up(bind)
	b.passes(b.down(strings.Replace(mine, `id="b1"`, `id="b2"`, 1)))
	b.happened("", b.logins.events)
	b.passes(b.down(`<iq xmlns="jabber:client" type="error" id="b1"/>`))
	b.passes(b.up(bind))
	b.passes(b.down(mine))
	b.happened("record u-1@meet.example.com", b.logins.events)
}

// TestResume: only the stream that the address named, too, and only of the same person.
func TestResume(t *testing.T) {
	resumption := func(address, known string) *bench {
		b := newBench(t, func(c *Client) { c.Resumption = address })
		b.logins.resumes = known
		b.authenticate()
		return b
	}
	b := resumption("sm-1", "sm-1")
	b.passes(b.up(again))
	b.ends(b.up(bind), "policy-violation") // not before Prosody has answered
	b = resumption("sm-1", "sm-1")
	b.passes(b.up(again))
	b.passes(b.down(back))
	b.happened("record u-1@meet.example.com, remember u-1@meet.example.com sm-1", b.logins.events)
	b.happened("resumed u-1@meet.example.com", b.rooms.events)
	if !b.stream.Bound() {
		t.Error("it is not bound")
	}
	for name, b := range map[string]*bench{
		"not in the address":     resumption("", "sm-1"),
		"another in the address": resumption("sm-2", "sm-1"),
		"of somebody else":       resumption("sm-1", ""),
	} {
		v := b.up(again)
		if want := stanza.NotResumed("urn:xmpp:sm:3", "item-not-found"); string(v.Answer) != want {
			t.Errorf("%s: %+v", name, v)
		}
		b.passes(b.up(bind)) // the client goes on as anybody would
		b.passes(b.down(mine))
		b.happened("record u-1@meet.example.com", b.logins.events) // the stream stays who it was
	}
	b = resumption("sm-1", "sm-1")
	b.passes(b.up(again))
	b.passes(b.down(`<failed xmlns="urn:xmpp:sm:3"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>`))
	b.passes(b.up(bind))
}

// TestOnlyResumes: a token that is over opens nothing new.
func TestOnlyResumes(t *testing.T) {
	b := newBench(t, func(c *Client) { c.Login.OnlyResumes, c.Resumption = true, "sm-1" })
	b.logins.resumes = "sm-1"
	b.authenticate()
	b.passes(b.up(again))
	b.passes(b.down(`<failed xmlns="urn:xmpp:sm:3"/>`))
	b.ends(b.up(bind), "not-authorized")
}

// TestSelf: the rooms are told before the client sees itself in one, once, and when it
// has left.
func TestSelf(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	for _, s := range []string{
		shownIn(room+"/n", "", self), shownIn(room+"/n", "", self), shownIn(room+"/other", "", ""), shownIn(room+"/other", "", `<status code="100"/>`),
		shownIn(room+"/n", ` type="unavailable"`, `<status code="303"/>`+self), shownIn(room+"/m", "", self),
		`<message xmlns="jabber:client" from="` + room + `/x"><body>110</body></message>`,
	} {
		b.passes(b.down(s))
	}
	b.happened("entered u-1@meet.example.com "+room+"/n", b.rooms.events)
	b.passes(b.up(presence(room+"/m", "", ""))) // an update of an occupant is asked of nobody
	b.passes(b.down(shownIn(room+"/m", ` type="unavailable"`, self)))
	b.happened("entered u-1@meet.example.com "+room+"/n, left u-1@meet.example.com "+room+"/m", b.rooms.events)
}

// TestGone: a stream that can be resumed may come back; another is over.
func TestGone(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	b.down(on)
	b.down(shownIn(room+"/n", "", self))
	b.rooms.events, b.logins.events = nil, nil
	b.stream.Gone(false)
	b.happened("gone u-1@meet.example.com", b.rooms.events)
	b.happened("ended sm-1", b.logins.events)
	if lost := b.streams.Lost("u-1@meet.example.com"); len(lost) != 1 || lost[0].Resumption != "sm-1" {
		t.Errorf("lost %+v", lost)
	}
	b.logins.resumes = "sm-1"
	b.begin(func(c *Client) { c.Resumption = "sm-1" })
	b.authenticate()
	b.up(again)
	b.down(back)
	if lost := b.streams.Lost("u-1@meet.example.com"); len(lost) != 0 {
		t.Errorf("lost %+v", lost)
	}
	b.rooms.events, b.logins.events = nil, nil
	b.passes(b.up(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`))
	b.stream.Gone(false)
	b.happened("left u-1@meet.example.com "+room+"/n, gone u-1@meet.example.com", b.rooms.events)
	b.happened("ended sm-1 for good", b.logins.events)
}

// TestResumedBeforeTheOldConnectionIsGone: the old one then takes nothing with it.
func TestResumedBeforeTheOldConnectionIsGone(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	b.down(on)
	b.down(shownIn(room+"/n", "", self))
	old := b.stream
	b.logins.resumes = "sm-1"
	b.begin(func(c *Client) { c.Resumption = "sm-1" })
	b.authenticate()
	b.up(again)
	b.down(back)
	b.rooms.events, b.logins.events = nil, nil
	old.Gone(false)
	b.happened("", b.rooms.events)
	b.happened("", b.logins.events)
	b.passes(b.up(presence(room+"/n", "", "")))
	b.happened("", b.rooms.events)
}

// TestGoneBeforeTheAccount: what Prosody says after the connection has ended leaves no stream behind.
func TestGoneBeforeTheAccount(t *testing.T) {
	b := newBench(t, nil)
	b.authenticate()
	b.passes(b.up(bind))
	b.stream.Gone(true)
	b.down(mine)
	if b.streams.Cut("u-1@meet.example.com") {
		t.Error("a stream without a connection runs for good")
	}
}

// TestGoneWithTheAccount: a stream whose connection ends while its account is being noted leaves nothing behind either.
func TestGoneWithTheAccount(t *testing.T) {
	b := newBench(t, func(c *Client) { c.Resumption = "sm-1" })
	b.logins.resumes = "sm-1"
	b.rooms.resumed = func() { b.stream.Gone(true) }
	b.authenticate()
	b.passes(b.up(again))
	b.passes(b.down(back))
	if b.streams.Cut("u-1@meet.example.com") {
		t.Error("a stream without a connection runs for good")
	}
}

// TestRevokedWithTheAccount: what is revoked while the account is being noted, and finds no stream, ends it all the same.
func TestRevokedWithTheAccount(t *testing.T) {
	b := newBench(t, func(c *Client) { c.Resumption = "sm-1" })
	b.logins.resumes = "sm-1"
	b.rooms.resumed = func() { b.logins.notGood = auth.Refuse(auth.ReasonRevoked, "as asked") }
	b.authenticate()
	b.passes(b.up(again))
	b.ends(b.down(back), "not-authorized")
	if b.wire.cuts > 0 {
		t.Error("it is cut without a word")
	}
}

// TestEnd: who is taken out is shown so, by its rooms' occupants.
func TestEnd(t *testing.T) {
	b := newBench(t, nil)
	b.login()
	b.down(on)
	b.down(shownIn(room+"/n", "", self))
	if b.streams.End("u-2@meet.example.com", "x") || b.streams.Cut("u-2@meet.example.com") {
		t.Error("another account is found")
	}
	if !b.streams.End("u-1@meet.example.com", "Ended <here>.") || len(b.wire.farewells) != 1 {
		t.Fatal("it is not ended")
	}
	f := b.wire.farewells[0]
	if len(f.Presences) != 1 || f.End.Condition != "not-authorized" {
		t.Fatalf("%+v", f)
	}
	e := b.read(string(f.Presences[0]))
	if own, _ := e.SelfPresence(); !own || e.Attribute("from") != room+"/n" || e.Attribute("to") != full ||
		!bytes.Contains(f.Presences[0], []byte(`code="307"`)) {
		t.Errorf("%s", f.Presences[0])
	}
	b.stream.Over() // the connection has told Prosody
	b.stream.Gone(false)
	if lost := b.streams.Lost("u-1@meet.example.com"); len(lost) != 0 || len(b.finished) != 0 {
		t.Error("it may be resumed")
	}
}

// TestBegin: what goes on to Prosody in the address.
func TestBegin(t *testing.T) {
	for _, row := range []struct{ query, resumes, want, room, tenant string }{
		{"room=r&prefix=t", "", "room=r&prefix=t&token=inner.to.ken", "r", "t"},
		{"room=r%2541&prefix=", "", "room=r%2541&prefix=&token=inner.to.ken", "r%41", ""},
		{"previd=sm-1&room=r", "", "room=r&token=inner.to.ken", "r", ""},
		{"previd=sm-1&room=r&%70revid=sm-2", "u-1", "room=r&token=inner.to.ken&previd=sm-1", "r", ""},
		{"%74oken=x&room=r&token=y&jwt=z&&a;token=b", "", "room=r&a;token=b&token=inner.to.ken", "r", ""},
		{"", "", "token=inner.to.ken", "", ""},
	} {
		l := &logins{login: relayauth.Login{Resumes: row.resumes}}
		c, query, err := NewStreams(Options{Logins: l}).Begin(t.Context(), Arrival{
			Host: "guest.example", Main: host, Token: "outer", Resumption: "sm-1", Query: row.query,
		})
		if err != nil || query != row.want {
			t.Errorf("%s: %q, %v; want %q", row.query, query, err, row.want)
		}
		if (c.Resumption != "") != (row.resumes != "") {
			t.Errorf("%s: resumes %q", row.query, c.Resumption)
		}
		r := l.begun[0]
		if r.Room != row.room || r.Tenant != row.tenant || r.Guest != "guest.example" || r.Host != host || r.Token != "outer" {
			t.Errorf("%s: begun %+v", row.query, r)
		}
	}
	if _, _, err := NewStreams(Options{Logins: &logins{refusal: auth.Refuse(auth.ReasonExpired, "x")}}).Begin(t.Context(), Arrival{}); err == nil {
		t.Error("a refused login goes on")
	}
	if _, _, err := NewStreams(Options{Logins: &logins{innerFails: true}}).Begin(t.Context(), Arrival{}); err == nil {
		t.Error("a login without an inner token goes on")
	}
}

// TestJudgedOnceMore: a login that is over by now is not Prosody's to decide.
func TestJudgedOnceMore(t *testing.T) {
	for reason, condition := range map[auth.Reason]string{
		auth.ReasonRevoked: "<not-allowed/>", auth.ReasonInternalError: "<temporary-auth-failure/>",
	} {
		b := newBench(t, nil)
		b.logins.notGood = auth.Refuse(reason, "as asked")
		v := b.up(anon)
		if v.End == nil || !bytes.Contains(v.Answer, []byte(condition)) || !bytes.Contains(v.Answer, []byte(reason.ClientText())) {
			t.Errorf("%s: %s, %+v", reason, v.Answer, v.End)
		}
		b.logins.notGood = nil
		b.ends(b.up(anon), "policy-violation")
	}
}

// TestAddresses: the clients of an account are known by their full JIDs from the binding until the stream is gone.
func TestAddresses(t *testing.T) {
	const account = "u-1@meet.example.com"
	b := newBench(t, nil)
	if got := b.streams.Addresses(account); len(got) > 0 {
		t.Errorf("before the login: %v", got)
	}
	b.login()
	if got := b.streams.Addresses(account); len(got) != 1 || !strings.HasPrefix(got[0], account+"/") {
		t.Errorf("logged in: %v", got)
	}
	if got := b.streams.Addresses("other@meet.example.com"); len(got) > 0 {
		t.Errorf("of another account: %v", got)
	}
	b.stream.Gone(false)
	if got := b.streams.Addresses(account); len(got) > 0 {
		t.Errorf("gone: %v", got)
	}
}
