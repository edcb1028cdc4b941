package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway/stanza"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/login"
)

const lost = `<failure ` + sasl + `><internal-server-error/></failure>`

// trying begins a login that Prosody does not answer yet.
func (w *world) trying(token string) (client, prosody *wire) {
	w.t.Helper()
	client, prosody = w.open(token)
	client.text(streamTo)
	client.text(anonymous)
	prosody.expect(streamTo)
	prosody.expect(withTicket("1"))
	return client, prosody
}

// TestTryAgain: a login that Prosody lost is sent once more, and its client does
// not notice.
func TestTryAgain(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.trying(aliceToken)
	prosody.text(lost)
	prosody.expect(withTicket("1"))
	w.auth.use(ticketText + "1")
	prosody.text(success)
	client.expect(success)
}

func TestTryAgainOnce(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.trying(aliceToken)
	prosody.text(lost)
	prosody.expect(withTicket("1"))
	prosody.text(lost)
	client.expect(lost)
	client.text(anonymous) // a login of the client's own has its own second try
	prosody.expect(withTicket("2"))
	prosody.text(lost)
	prosody.expect(withTicket("2"))
	prosody.text(lost)
	client.expect(lost)
}

// TestNoTryAgain: what usher decided, or Prosody itself, is final.
func TestNoTryAgain(t *testing.T) {
	for name, row := range map[string]struct {
		failure string
		before  func(w *world)
	}{
		"used":          {lost, func(w *world) { w.auth.use(ticketText + "1") }},
		"another fault": {`<failure ` + sasl + `><not-authorized/></failure>`, func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			client, prosody := w.trying(aliceToken)
			row.before(w)
			prosody.text(row.failure)
			client.expect(row.failure)
			client.text(anonymous)
			prosody.expect(withTicket("2"))
		})
	}
}

func TestNoTryAgainOfPasswords(t *testing.T) {
	w := newWorld(t, Options{})
	for _, token := range []string{"", aliceToken} {
		client, prosody := w.open(token)
		client.text(streamTo)
		prosody.expect(streamTo)
		client.text(plain)
		prosody.expect(plain)
		prosody.text(lost)
		client.expect(lost)
	}
}

const enabled = `<enabled xmlns="urn:xmpp:sm:3" id="stream-7" resume="true"/>`

// TestRemember: the account of a token that names none is remembered before the
// client can know how to resume, once.
func TestRemember(t *testing.T) {
	w := newWorld(t, Options{})
	remembering, goOn := make(chan struct{}), make(chan struct{})
	w.auth.remember = func() {
		remembering <- struct{}{}
		<-goOn
	}
	client, prosody := w.login(anyToken)
	prosody.text(`<enabled xmlns="urn:xmpp:sm:3"/>`) // cannot be resumed
	client.expectOne("<enabled")
	prosody.text(enabled)
	receive(t, remembering)
	_ = client.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := client.in.ReadByte(); err == nil {
		t.Errorf("the client got %q meanwhile", b)
	}
	close(goOn)
	client.expect(enabled)
	prosody.text(enabled)
	client.expect(enabled)
	if got := w.auth.told(&w.auth.remembered); got != "r4nd0m stream-7" {
		t.Errorf("remembered %q", got)
	}
}

func TestRememberNobodyElse(t *testing.T) {
	w := newWorld(t, Options{})
	_, early := w.trying(anyToken)
	early.text(enabled) // nobody has logged in
	client, prosody := w.open("")
	prosody.text(success)
	prosody.text(enabled)
	client.expect(success)
	client.expect(enabled)
	other := newWorld(t, Options{})
	client, prosody = other.login(aliceToken) // comes back as who he is
	prosody.text(enabled)
	client.expect(enabled)
	if got := w.auth.told(&w.auth.remembered) + other.auth.told(&other.auth.remembered); got != "" {
		t.Errorf("remembered %s", got)
	}
}

const room = "one@conference.meet.example.com"

func join(to string) string {
	return `<presence to="` + to + `"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
}

// TestJoins: the rooms are told of a join before Prosody is.
func TestJoins(t *testing.T) {
	w := newWorld(t, Options{JoinTimeout: time.Minute})
	goOn := make(chan struct{})
	w.rooms.hook = func(context.Context) { receive(t, goOn) }
	client, prosody := w.login(aliceToken)
	client.text(join(room + "/Alice"))
	w.eventually("they are told", func() bool { return w.rooms.told() == "alice@"+host+" "+room })
	_ = prosody.conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := prosody.in.ReadByte(); err == nil {
		t.Errorf("Prosody got %q meanwhile", b)
	}
	goOn <- struct{}{}
	prosody.expect(join(room + "/Alice"))
}

func TestNoJoins(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.login(aliceToken)
	for _, s := range []string{
		`<presence to="` + room + `/Alice"><show>away</show></presence>`,
		`<presence to="` + room + `/Alice" type="unavailable"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
		`<message to="` + room + `"><body>` + stanza.NamespaceMUC + `</body></message>`,
		`<presence/>`,
	} {
		client.text(s)
		prosody.expect(s)
	}
	if w.rooms.told() != "" {
		t.Errorf("told of %s", w.rooms.told())
	}
}

// TestLongJoins: a join is known by its beginning.
func TestLongJoins(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.login(aliceToken)
	long := strings.Replace(join(room+"/Alice"), "</presence>", "<c>"+strings.Repeat("x", 3*budget.Piece)+"</c></presence>", 1)
	client.text(long)
	prosody.expect(long)
	if w.rooms.told() != "alice@"+host+" "+room {
		t.Errorf("told of %q", w.rooms.told())
	}
}

// TestJoinTimeout: a join waits so long and no longer.
func TestJoinTimeout(t *testing.T) {
	piped(t, Options{}, login.Credentials{Token: aliceToken}, func(t *testing.T, p *pipes) {
		p.rooms.hook = func(ctx context.Context) { <-ctx.Done() }
		p.client.text(streamTo)
		p.prosody.expect(streamTo)
		p.client.text(anonymous)
		p.prosody.expect(withTicket("1"))
		p.prosody.text(success)
		p.client.expect(success)
		start := time.Now()
		p.client.text(join(room + "/Alice"))
		p.prosody.expect(join(room + "/Alice"))
		since(t, start, 200*time.Millisecond)
	})
}
