package gateway

import (
	"context"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/stanza"
)

// TestTryAgain: a login that Prosody lost is sent once more, and its client does
// not notice.
func TestTryAgain(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Trying(gatewaytest.AliceToken)
	prosody.Text(gatewaytest.Lost)
	prosody.Expect(gatewaytest.WithTicket("1"))
	w.Auth.Use(gatewaytest.TicketText + "1")
	prosody.Text(gatewaytest.Success)
	client.Expect(gatewaytest.Success)
}

func TestTryAgainOnce(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Trying(gatewaytest.AliceToken)
	prosody.Text(gatewaytest.Lost)
	prosody.Expect(gatewaytest.WithTicket("1"))
	prosody.Text(gatewaytest.Lost)
	client.Expect(gatewaytest.Lost)
	client.Text(gatewaytest.Anonymous) // a login of the client's own has its own second try
	prosody.Expect(gatewaytest.WithTicket("2"))
	prosody.Text(gatewaytest.Lost)
	prosody.Expect(gatewaytest.WithTicket("2"))
	prosody.Text(gatewaytest.Lost)
	client.Expect(gatewaytest.Lost)
}

// TestNoTryAgain: what usher decided, or Prosody itself, is final.
func TestNoTryAgain(t *testing.T) {
	for name, row := range map[string]struct {
		failure string
		before  func(w *world)
	}{
		"used":          {gatewaytest.Lost, func(w *world) { w.Auth.Use(gatewaytest.TicketText + "1") }},
		"another fault": {`<failure ` + gatewaytest.SASL + `><not-authorized/></failure>`, func(*world) {}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			client, prosody := w.Trying(gatewaytest.AliceToken)
			row.before(w)
			prosody.Text(row.failure)
			client.Expect(row.failure)
			client.Text(gatewaytest.Anonymous)
			prosody.Expect(gatewaytest.WithTicket("2"))
		})
	}
}

func TestNoTryAgainOfPasswords(t *testing.T) {
	w := newWorld(t, Options{})
	for _, token := range []string{"", gatewaytest.AliceToken} {
		client, prosody := w.Open(token)
		client.Text(gatewaytest.StreamTo)
		prosody.Expect(gatewaytest.StreamTo)
		client.Text(gatewaytest.Plain)
		prosody.Expect(gatewaytest.Plain)
		prosody.Text(gatewaytest.Lost)
		client.Expect(gatewaytest.Lost)
	}
}

// TestRemember: the account of a token that names none is remembered before the
// client can know how to resume, once.
func TestRemember(t *testing.T) {
	w := newWorld(t, Options{})
	remembering, goOn := make(chan struct{}), make(chan struct{})
	w.Auth.Remembering = func() {
		remembering <- struct{}{}
		<-goOn
	}
	client, prosody := w.Login(gatewaytest.AnyToken)
	prosody.Text(`<enabled xmlns="urn:xmpp:sm:3"/>`) // cannot be resumed
	client.ExpectOne("<enabled")
	prosody.Text(gatewaytest.Enabled)
	gatewaytest.Receive(t, remembering)
	_ = client.Conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := client.In.ReadByte(); err == nil {
		t.Errorf("the client got %q meanwhile", b)
	}
	close(goOn)
	client.Expect(gatewaytest.Enabled)
	prosody.Text(gatewaytest.Enabled)
	client.Expect(gatewaytest.Enabled)
	if got := w.Auth.Remembered(); got != "r4nd0m stream-7" {
		t.Errorf("remembered %q", got)
	}
}

func TestRememberNobodyElse(t *testing.T) {
	w := newWorld(t, Options{})
	_, early := w.Trying(gatewaytest.AnyToken)
	early.Text(gatewaytest.Enabled) // before the login
	client, prosody := w.Open("")
	client.Text(gatewaytest.StreamTo)
	prosody.Text(gatewaytest.Success)
	prosody.Text(gatewaytest.Enabled)
	client.Expect(gatewaytest.Success)
	client.Expect(gatewaytest.Enabled)
	other := newWorld(t, Options{})
	client, prosody = other.Login(gatewaytest.AliceToken) // its token names the account
	prosody.Text(gatewaytest.Enabled)
	client.Expect(gatewaytest.Enabled)
	if got := w.Auth.Remembered() + other.Auth.Remembered(); got != "" {
		t.Errorf("remembered %s", got)
	}
}

// TestJoins: the rooms are told of a join before Prosody is.
func TestJoins(t *testing.T) {
	w := newWorld(t, Options{JoinTimeout: time.Minute})
	goOn := make(chan struct{})
	w.Rooms.Hook = func(context.Context) { gatewaytest.Receive(t, goOn) }
	client, prosody := w.Login(gatewaytest.AliceToken)
	client.Text(gatewaytest.Join(gatewaytest.Room + "/Alice"))
	w.Eventually("they are told", func() bool { return w.Rooms.Told() == "alice@"+gatewaytest.Host+" "+gatewaytest.Room })
	_ = prosody.Conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if b, err := prosody.In.ReadByte(); err == nil {
		t.Errorf("Prosody got %q meanwhile", b)
	}
	goOn <- struct{}{}
	prosody.Expect(gatewaytest.Join(gatewaytest.Room + "/Alice"))
}

func TestNoJoins(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Login(gatewaytest.AliceToken)
	for _, s := range []string{
		`<presence to="` + gatewaytest.Room + `/Alice"><show>away</show></presence>`,
		`<presence to="` + gatewaytest.Room + `/Alice" type="unavailable"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
		`<message to="` + gatewaytest.Room + `"><body>` + stanza.NamespaceMUC + `</body></message>`,
		`<presence/>`,
	} {
		client.Text(s)
		prosody.Expect(s)
	}
	if w.Rooms.Told() != "" {
		t.Errorf("told of %s", w.Rooms.Told())
	}
}

// TestLongJoins: a join is known by its beginning.
func TestLongJoins(t *testing.T) {
	w := newWorld(t, Options{})
	client, prosody := w.Login(gatewaytest.AliceToken)
	long := strings.Replace(gatewaytest.Join(gatewaytest.Room+"/Alice"), "</presence>", "<c>"+strings.Repeat("x", 3*budget.Piece)+"</c></presence>", 1)
	client.Text(long)
	prosody.Expect(long)
	if w.Rooms.Told() != "alice@"+gatewaytest.Host+" "+gatewaytest.Room {
		t.Errorf("told of %q", w.Rooms.Told())
	}
}
