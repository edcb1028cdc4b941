package bosh

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"usher/auth"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/swap"
	"usher/auth/relayauth"
)

// logins lets in what is called good, and keeps what it is told.
type logins struct {
	recording chan struct{} // if not nil, a record waits for it
	refuses   bool          // to record

	mu     sync.Mutex
	events []string
}

func (f *logins) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, fmt.Sprintf(format, args...))
}

func (f *logins) told() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.events, ", ")
}

const goodToken = "good.sesame.sesame.sesame.sesame.1"

func (f *logins) Begin(_ context.Context, r relayauth.Request) (*relayauth.Login, error) {
	f.note("begin %s%s %s", r.Guest, r.Host, r.Room)
	switch {
	case r.Problem != nil:
		return nil, r.Problem
	case r.Token == goodToken:
		return &relayauth.Login{ID: auth.Identity{Host: r.Host, TokenPrint: "print"}}, nil
	case r.Token == "" && r.Guest != "":
		return &relayauth.Login{ID: auth.Identity{Host: r.Host, Domain: r.Guest, Anonymous: true}}, nil
	}
	return nil, auth.Refuse(auth.ReasonExpired, "as asked")
}

func (f *logins) Outdated(*relayauth.Login) bool { return false }

func (f *logins) InnerToken(_ context.Context, l *relayauth.Login) (string, error) {
	if l.ID.Anonymous {
		return "", nil
	}
	return "inner.token.x", nil
}

func (f *logins) Record(_ context.Context, _ *relayauth.Login, host, account string) error {
	if f.recording != nil {
		<-f.recording
	}
	if f.refuses {
		return auth.Refuse(auth.ReasonRevoked, "as asked")
	}
	f.note("record %s@%s", account, host)
	return nil
}

func (f *logins) RememberStream(context.Context, *relayauth.Login, string, string, string) error {
	return errors.New("there is none in BOSH")
}

func (f *logins) MayResume(*relayauth.Login, string, string) (string, bool) { return "", false }

func (f *logins) StillGood(context.Context, *relayauth.Login) error { return nil }

func (f *logins) StreamEnded(string, string, bool) { f.note("stream ended") }

// rooms are open if they are called so.
type rooms struct{ *logins }

func (f rooms) Join(_ context.Context, q relay.JoinRequest) relay.JoinAnswer {
	f.note("join %s", q.To)
	if strings.HasPrefix(q.To, "open@") {
		return relay.JoinAnswer{Allowed: true, Reason: "token"}
	}
	return relay.JoinAnswer{Reason: "room_mismatch"}
}

func (f rooms) Conference(_ context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer{Reason: "not_started", NotStarted: true}
}

func (rooms) Opens(auth.Identity, string, string) bool { return false }

func (f rooms) Entered(_ context.Context, q relay.JoinRequest) error {
	f.note("entered %s", q.To)
	return nil
}

func (f rooms) Left(q relay.JoinRequest)    { f.note("left %s", q.To) }
func (f rooms) Disconnected(account string) { f.note("disconnected %s", account) }
func (f rooms) Resumed(string)              {}

// A relayWorld is a handler before a Prosody that verifies inner tokens.
type relayWorld struct {
	*world
	logins *logins
	relays *relay.Streams
	rid    int
}

func newRelayWorld(t testing.TB, changes ...func(*proxy.Settings)) *relayWorld {
	t.Helper()
	w := &relayWorld{logins: &logins{}, rid: 1}
	w.relays = relay.NewStreams(relay.Options{Logins: w.logins, Rooms: rooms{w.logins}, Swap: &swap.Key{7}})
	hosts := func(c *proxy.Settings) {
		c.Hosts = map[string]proxy.HostSettings{
			gatewaytest.Host:    {Kind: proxy.Relayed, EarlyGuests: true},
			"guest.example.com": {Kind: proxy.Guests, Main: gatewaytest.Host},
			"plain.example.com": {Kind: proxy.Tickets},
		}
	}
	w.world = newWorld(t, Options{Relays: w.relays}, append([]func(*proxy.Settings){hosts}, changes...)...)
	return w
}

// exchange sends a body, has Prosody answer, and returns both.
func (w *relayWorld) exchange(body, answer string) (seen *gatewaytest.Exchange, got gatewaytest.Answer) {
	w.T.Helper()
	later := w.Send(goodToken, body)
	seen = w.Upstream.Post()
	seen.Answer <- answer
	return seen, gatewaytest.Receive(w.T, later)
}

// says sends the next body of the session, and has Prosody answer.
func (w *relayWorld) says(content, answer string) (seen, got string) {
	w.T.Helper()
	w.rid++
	x, a := w.exchange(gatewaytest.Body(w.rid, content), gatewaytest.Told(answer))
	return x.Body, a.Body
}

const (
	bind = `<iq type="set" id="b1" xmlns="jabber:client"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`
	jid  = "u-1@meet.example.com"
	full = jid + "/res"
	// ours is the answer to a bind request.
	bindResult = `<iq xmlns="jabber:client" type="result" id="b1"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>` + full +
		`</jid></bind></iq>`
	openRoom   = "open@conference.meet.example.com/n"
	closedRoom = "closed@conference.meet.example.com/n"
	message    = `<message xmlns="jabber:client" to="x@y"><body>&lt;1 "'</body></message>`
)

func joining(to string) string {
	return `<presence xmlns="jabber:client" id="j" to="` + to + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
}

// begin makes a session.
func (w *relayWorld) begin() {
	w.T.Helper()
	_, got := w.exchange(gatewaytest.Creating(), gatewaytest.Told(`<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>`))
	got.Wants(w.T, 200, "stream:features")
}

// login logs in, to where an account is bound.
func (w *relayWorld) login() {
	w.T.Helper()
	w.begin()
	w.says(gatewaytest.Anonymous, gatewaytest.Success)
	w.says("", "")
	if _, got := w.says(bind, bindResult); !strings.Contains(got, full) {
		w.T.Fatalf("bound: %s", got)
	}
}

// ends wants the session to be ended here with a condition, at Prosody too, and for good.
func (w *relayWorld) ends(got gatewaytest.Answer, condition string, rid int) {
	w.T.Helper()
	got.Wants(w.T, 200, `type="terminate" condition="remote-stream-error"`)
	got.Wants(w.T, 200, "<"+condition+" ")
	w.farewell(rid)
	later := gatewaytest.Receive(w.T, w.Send(goodToken, gatewaytest.Body(rid+1, message)))
	later.Wants(w.T, 200, "<"+condition+" ")
	w.Upstream.Untouched()
	if bound := strings.Contains(w.logins.told(), "record "); bound != strings.Contains(w.logins.told(), "disconnected") {
		w.T.Errorf("the rooms are told: %s", w.logins.told())
	}
}

// farewell is what Prosody is told of the end.
func (w *relayWorld) farewell(rid int) {
	w.T.Helper()
	x := w.Upstream.Post()
	if !strings.Contains(x.Body, `type="terminate"`) || !strings.Contains(x.Body, fmt.Sprintf(`sid="s1" rid="%d"`, rid)) ||
		strings.Contains(x.URL.RawQuery, "token") {
		w.T.Errorf("Prosody is told %s %s, not of the end with number %d", x.URL, x.Body, rid)
	}
	x.Answer <- gatewaytest.Terminated("")
	w.Eventually("Prosody does not have it any more", func() bool {
		gone := false
		w.of("s1", func(s *session) { gone = s == nil || s.gone.Load() && s.kept == toldFor })
		return gone
	})
}

// eventually waits for an event.
func (w *relayWorld) eventually(event string) {
	w.T.Helper()
	w.Eventually(event, func() bool { return slices.Contains(strings.Split(w.logins.told(), ", "), event) })
}
