package gateway

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"usher/auth"
	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/stanza"
	"usher/auth/relayauth"
)

// relays decide by the token alone, and keep what they are told.
type relays struct {
	mu      sync.Mutex
	events  []string
	begun   []relayauth.Request
	revoked error         // each login, since it began
	hold    chan struct{} // is waited for before an account is recorded; nil: not at all
}

func (r *relays) note(event string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

// first is the first request that has begun.
func (r *relays) first() relayauth.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun[0]
}

func (r *relays) happened() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.events, ", ")
}

func (r *relays) Begin(_ context.Context, q relayauth.Request) (*relayauth.Login, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = append(r.begun, q)
	if q.Problem != nil {
		return nil, q.Problem
	}
	if q.Token == "" && q.Guest == "" {
		return nil, auth.Refuse(auth.ReasonTokenRequired, "none")
	}
	if strings.HasPrefix(q.Token, "no:") {
		return nil, auth.Refuse(auth.ReasonExpired, "as asked")
	}
	l := &relayauth.Login{}
	if q.Resumption == "stream-7" {
		l.Resumes = "u-1"
	}
	return l, nil
}

func (r *relays) Outdated(*relayauth.Login) bool { return false }

func (r *relays) InnerToken(context.Context, *relayauth.Login) (string, error) { return "in.n.er", nil }

func (r *relays) StillGood(_ context.Context, _ *relayauth.Login) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.revoked
}

func (r *relays) Record(_ context.Context, _ *relayauth.Login, host, account string) error {
	if r.hold != nil {
		<-r.hold
	}
	r.note("record " + account + "@" + host)
	return nil
}

func (r *relays) RememberStream(_ context.Context, _ *relayauth.Login, _, _, id string) error {
	r.note("remember " + id)
	return nil
}

func (r *relays) MayResume(_ *relayauth.Login, _, id string) (string, bool) {
	return "u-1", id == "stream-7"
}

func (r *relays) StreamEnded(_, id string, forGood bool) {
	if forGood {
		id += " for good"
	}
	r.note("ended " + id)
}

// someRooms let in to the room one.
type someRooms struct{}

func (someRooms) Join(_ context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return relay.JoinAnswer{Allowed: strings.HasPrefix(q.To, gatewaytest.Room), Reason: "room_mismatch"}
}

func (r someRooms) Conference(ctx context.Context, q relay.JoinRequest) relay.JoinAnswer {
	return r.Join(ctx, q)
}
func (someRooms) Opens(_ auth.Identity, _, occupant string) bool {
	return strings.HasPrefix(occupant, gatewaytest.Room)
}
func (someRooms) Entered(context.Context, relay.JoinRequest) error { return nil }
func (someRooms) Left(relay.JoinRequest)                           {}
func (someRooms) Disconnected(string)                              {}
func (someRooms) Resumed(string)                                   {}

const (
	relayFeatures = `<stream:features xmlns:stream="http://etherx.jabber.org/streams"><limits xmlns="urn:xmpp:stream-limits:0"/></stream:features>`
	bindRequest   = `<iq xmlns="jabber:client" type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>`
	bindResult    = `<iq xmlns="jabber:client" type="result" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>u-1@meet.example.com/r</jid></bind></iq>`
	relayJoin     = `<presence xmlns="jabber:client" to="` + gatewaytest.Room + `/n"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
	otherJoin     = `<presence xmlns="jabber:client" id="j" to="two@conference.meet.example.com/n"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
	ownPresence   = `<presence xmlns='jabber:client' from='` + gatewaytest.Room + `/n' to='u-1@meet.example.com/r'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>`
)

// newRelayWorld is a world whose host is a relay, with a guest host.
func newRelayWorld(t *testing.T, changes ...func(*Settings)) (*world, *relays) {
	r := &relays{}
	hosts := func(c *Settings) {
		c.Hosts = map[string]HostSettings{
			gatewaytest.Host: {Kind: Relayed}, "guest.meet.example.com": {Kind: Guests, Main: gatewaytest.Host},
			"tickets.example.com": {Kind: Tickets}, "auth.example.com": {Kind: Passwords},
		}
	}
	w := newWorld(t, Options{Relay: r, RelayRooms: someRooms{}}, append([]func(*Settings){hosts}, changes...)...)
	return w, r
}

// bindRelayed logs in until the account is recorded.
func bindRelayed(t *testing.T, client, prosody *gatewaytest.Wire) {
	t.Helper()
	for _, s := range []string{gatewaytest.StreamTo, gatewaytest.Anonymous} {
		client.Text(s)
		prosody.Expect(s)
	}
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	prosody.Text(relayFeatures)
	client.Expect(relayFeatures)
	client.Text(bindRequest)
	prosody.Expect(bindRequest)
	prosody.Text(bindResult)
	client.Expect(bindResult)
}

// TestRelayHoldsTheAccount until it is recorded.
func TestRelayHoldsTheAccount(t *testing.T) {
	w, r := newRelayWorld(t)
	r.hold = make(chan struct{})
	client, prosody := w.Open(gatewaytest.AliceToken)
	done := make(chan struct{})
	go func() {
		defer close(done)
		bindRelayed(t, client, prosody)
	}()
	select {
	case <-done:
		t.Error("the client knows the account before it is recorded")
	case <-time.After(100 * time.Millisecond):
	}
	close(r.hold)
	<-done
}

// TestRelayPipelined: a join beside the bind request is not Prosody's.
func TestRelayPipelined(t *testing.T) {
	w, _ := newRelayWorld(t)
	client, prosody := w.Open(gatewaytest.AliceToken)
	for _, s := range []string{gatewaytest.StreamTo, gatewaytest.Anonymous} {
		client.Text(s)
		prosody.Expect(s)
	}
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
	client.Text(bindRequest)
	client.Text(relayJoin)
	prosody.Expect(bindRequest)
	client.ExpectOne("<stream:error ", "<policy-violation ")
	prosody.Expect(stanza.Close)
}

// TestRelayOneElement: two elements in a message, or one in two, end the stream; a long one passes.
func TestRelayOneElement(t *testing.T) {
	long := `<message xmlns="jabber:client" to="a@b"><body>` + strings.Repeat("x", 3*budget.Piece) + `</body></message>`
	for name, said := range map[string][]string{
		"two":              {`<iq xmlns="jabber:client"/>` + relayJoin},
		"two, behind much": {long + relayJoin},
		"cut":              {relayJoin[:40], relayJoin[40:]},
		"text":             {"x"},
		"a comment":        {`<message xmlns="jabber:client"><!-- x --></message>`},
	} {
		w, _ := newRelayWorld(t)
		client, prosody := w.Open(gatewaytest.AliceToken)
		bindRelayed(t, client, prosody)
		client.Text(long)
		prosody.Expect(long)
		client.Frame(false, ws.OpText, long[:100])
		client.Frame(true, ws.OpContinuation, long[100:])
		prosody.Expect(long)
		for _, s := range said {
			_ = client.Try(true, ws.OpText, s)
		}
		client.ExpectOne("<stream:error ", "<not-well-formed ")
		if got := prosody.ExpectFrame(ws.OpText); got != stanza.Close {
			t.Errorf("%s: Prosody gets %.100s", name, got)
		}
	}
}

// TestRelayRefusesAJoin by a swap, and the stream goes on.
func TestRelayRefusesAJoin(t *testing.T) {
	w, _ := newRelayWorld(t)
	client, prosody := w.Open(gatewaytest.AliceToken)
	bindRelayed(t, client, prosody)
	client.Text(otherJoin)
	ping, err := stanza.Parse([]byte(prosody.ExpectFrame(ws.OpText)))
	if err != nil || ping.Name.Local != "iq" {
		t.Fatalf("Prosody gets %v, %v", ping, err)
	}
	prosody.Text(`<iq xmlns="jabber:client" type="result" from="meet.example.com" to="u-1@meet.example.com/r" id="` + ping.Attribute("id") + `"/>`)
	client.ExpectOne(`<presence `, `from="two@conference.meet.example.com/n"`, `id="j"`, "<not-allowed ", "Your link is for another room.")
	client.Text(relayJoin)
	prosody.Expect(relayJoin)
}

// TestRelayRefusedLogin: Prosody hears nothing of it, and the client is told why as its page can show it.
func TestRelayRefusedLogin(t *testing.T) {
	for token, text := range map[string]string{
		gatewaytest.RefusedToken(auth.ReasonExpired): auth.ReasonExpired.ClientText(), "": auth.ReasonTokenRequired.ClientText(),
	} {
		w, _ := newRelayWorld(t)
		client, _ := w.Open(token)
		client.Text(gatewaytest.StreamTo)
		client.ExpectOne("<open ", `from="Meet.example.com"`)
		client.ExpectOne("<stream:features ", "<mechanism>ANONYMOUS</mechanism>")
		client.Text(gatewaytest.Anonymous)
		client.ExpectOne("<failure ", "<not-allowed/><text>"+text+"</text>")
		client.Text(`<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>`)
		client.Expect(stanza.Close)
		w.Upstream.Untouched()
	}
}

// TestRelayGuestsAreLetInBySetting: without a token only where guests pass.
func TestRelayGuestsAreLetInBySetting(t *testing.T) {
	w, r := newRelayWorld(t, noGuests)
	client, _ := w.Open("")
	client.Text(strings.Replace(gatewaytest.StreamTo, "Meet.example.com", "guest.meet.example.com", 1))
	client.ExpectOne("<open ")
	if p := r.first().Problem; p == nil || p.Reason != auth.ReasonTokenRequired {
		t.Errorf("begun %+v", r.first())
	}
	w.Upstream.Untouched()
}

// TestRelayEnds: who is revoked is shown out of the room at once, Prosody has nothing left to be resumed, and a moment
// later the stream is over. Who is cut hears nothing, and may resume.
func TestRelayEnds(t *testing.T) {
	w, r := newRelayWorld(t)
	in := func() (client, prosody *gatewaytest.Wire) {
		client, prosody = w.Open(gatewaytest.AliceToken)
		bindRelayed(t, client, prosody)
		for _, s := range []string{gatewaytest.Enabled, ownPresence} {
			prosody.Text(s)
			client.Expect(s)
		}
		return client, prosody
	}
	client, prosody := in()
	ended := time.Now()
	if w.End("u-2@meet.example.com", "x") || !w.End("u-1@meet.example.com", "Ended by an operator.") {
		t.Fatal("not found")
	}
	prosody.Expect(stanza.Close)
	client.ExpectOne(`<presence `, `type="unavailable"`, `from="`+gatewaytest.Room+`/n"`, `code="307"`, `code="110"`, "Ended by an operator.")
	client.ExpectOne("<stream:error ", "<not-authorized ", "Ended by an operator.")
	if after := time.Since(ended); after < time.Second {
		t.Errorf("the stream ends after %v: the page has not shown why", after)
	}
	client.Expect(stanza.Close)
	w.Ended("revoked")
	w.Eventually("it is over", func() bool { return strings.HasSuffix(r.happened(), "ended stream-7 for good") })
	client, prosody = in()
	if !w.Cut("u-1@meet.example.com") {
		t.Fatal("not found")
	}
	client.ExpectEnd()
	prosody.ExpectEnd()
	w.Eventually("it may come back", func() bool { return strings.HasSuffix(r.happened(), "ended stream-7") })
	w.Ended("cut")
}

// TestRelayRevokedBeforeAuth: a token that is revoked between the beginning of the stream and the login does not get to
// Prosody, and the page is told why.
func TestRelayRevokedBeforeAuth(t *testing.T) {
	w, r := newRelayWorld(t)
	client, prosody := w.Open(gatewaytest.AliceToken)
	client.Text(gatewaytest.StreamTo)
	prosody.Expect(gatewaytest.StreamTo)
	r.mu.Lock()
	r.revoked = auth.Refuse(auth.ReasonRevoked, "as asked")
	r.mu.Unlock()
	client.Text(gatewaytest.Anonymous)
	client.ExpectOne("<failure ", "<not-allowed/><text>"+auth.ReasonRevoked.ClientText()+"</text>")
	client.ExpectOne("<stream:error ", "<not-authorized ")
	prosody.Expect(stanza.Close)
}
