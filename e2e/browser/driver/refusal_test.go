package driver_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
)

var expired = page.Problem{Where: "login", Condition: "not-authorized", Text: "The token has expired."}

// refused wants a person to read why he is not let in.
func refused(t *testing.T, p *driver.Page, want page.Problem) {
	t.Helper()
	got := p.Refused(t)
	if got.Error == nil || *got.Error != want || got.Connects != 0 || got.Joins != 0 {
		t.Errorf("got %+v: %+v", got, got.Error)
	}
	shown := "The login was refused: " + strings.TrimSpace(want.Text+" ("+want.Condition+")")
	if !strings.Contains(p.Text(t), shown) {
		t.Errorf("%q is not in:\n%s", shown, p.Text(t))
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := start(t, v, answersLogins(t, "FAIL\t%s\tuser=alice\treason=The token has expired.\n"))
		for transport, query := range map[string]string{"websocket": "", "bosh": "&transport=bosh"} {
			t.Run(transport, func(t *testing.T) {
				p := w.browser.Open(t, site+"board?jwt="+token+query)
				refused(t, p, expired)
				p.Screenshot(t, "refused-"+transport+"-"+string(v))
			})
		}
	})
}

// A gateway has one condition more, so that Jitsi's client shows the text.
func TestRefusalByGateway(t *testing.T) {
	t.Parallel()
	driver.Require(t)
	nginxtest.Require(t)
	g := newRefuser(t, `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><not-allowed/>`+
		`<text>The token has expired.</text></failure>`)
	front := nginxtest.Start(t, g.Listener.Addr().String(), page.Site{})
	b := driver.Start(t, map[string]string{"meet.example.com": front.TLS()})
	for _, query := range []string{"", "&transport=bosh"} {
		refused(t, b.Open(t, site+"board?jwt="+token+query), expired)
	}
	if n := g.logins.Load(); n != 2 {
		t.Errorf("%d logins were tried", n)
	}
}

// A refuser is a server of XMPP over WebSocket and BOSH that knows one answer to logins.
type refuser struct {
	*httptest.Server
	failure string
	logins  atomic.Int32
}

func newRefuser(t *testing.T, failure string) *refuser {
	g := &refuser{failure: failure}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /xmpp-websocket", g.webSocket)
	mux.HandleFunc("POST /http-bind", g.bosh)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// What a server says before a login.
const (
	opened   = `<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="meet.example.com" id="1" version="1.0"/>`
	features = `<stream:features xmlns:stream="http://etherx.jabber.org/streams">` +
		`<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl">` +
		`<mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>`
)

func (g *refuser) webSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := ws.HTTPUpgrader{Protocol: func(p string) bool { return p == "xmpp" }}
	conn, _, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		message, err := wsutil.ReadClientText(conn)
		if err != nil {
			return
		}
		var answers []string
		switch {
		case strings.HasPrefix(string(message), "<open"):
			answers = []string{opened, features}
		case strings.HasPrefix(string(message), "<auth"):
			g.logins.Add(1)
			answers = []string{g.failure}
		}
		for _, answer := range answers {
			_ = wsutil.WriteServerText(conn, []byte(answer)) // an error shows itself where it reads
		}
	}
}

func (g *refuser) bosh(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	const head = `<body xmlns="http://jabber.org/protocol/httpbind" xmlns:stream="http://etherx.jabber.org/streams" `
	switch text := string(body); {
	case strings.Contains(text, "<auth"):
		g.logins.Add(1)
		fmt.Fprint(w, head+">"+g.failure+"</body>")
	case !strings.Contains(text, "sid="):
		fmt.Fprint(w, head+`sid="1" wait="60" requests="2" hold="1" from="meet.example.com">`+features+"</body>")
	default:
		fmt.Fprint(w, head+`type="terminate"/>`)
	}
}
