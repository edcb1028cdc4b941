package web_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/relay"
	"usher/auth/gateway/web"
	"usher/auth/relayauth"
	"usher/internal/httpd"
)

// logins knows tokens by their texts, and makes an inner one of each.
type logins struct {
	mu    sync.Mutex
	began []relayauth.Request
}

const good = "good.sesame.sesame.sesame.sesame.token"

func (f *logins) Begin(_ context.Context, r relayauth.Request) (*relayauth.Login, error) {
	f.mu.Lock()
	f.began = append(f.began, r)
	f.mu.Unlock()
	switch {
	case r.Problem != nil:
		return nil, r.Problem
	case r.Token == good:
		return &relayauth.Login{ID: auth.Identity{Host: r.Host, TokenPrint: "print"}}, nil
	case r.Token == "" && r.Guest != "":
		return &relayauth.Login{ID: auth.Identity{Host: r.Host, Domain: r.Guest, Anonymous: true}}, nil
	case r.Token == "":
		return nil, auth.Refuse(auth.ReasonTokenRequired, "as asked")
	case r.Token == "later":
		return nil, auth.Refuse(auth.ReasonKeysUnavailable, "as asked")
	}
	return nil, auth.Refuse(auth.ReasonBadSignature, "as asked")
}

func (f *logins) Outdated(*relayauth.Login) bool { return false }

func (f *logins) InnerToken(_ context.Context, l *relayauth.Login) (string, error) {
	if l.ID.Anonymous {
		return "", nil
	}
	return "inner.of." + l.ID.Host, nil
}

func (f *logins) asked() []relayauth.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.began
}

// rooms are open if they are called so. There is one for guests, that has started.
type rooms struct{}

func (rooms) HostOf(room string) string {
	for _, host := range []string{"relay.example", "other.example", "tickets.example"} {
		if strings.HasSuffix(room, "@conference."+host) {
			return host
		}
	}
	return ""
}

func (rooms) RoomOf(host, tenant, name string) string {
	if tenant != "" {
		name = "[" + tenant + "]" + name
	}
	return name + "@conference." + host
}

func (rooms) MayAsk(_ context.Context, id auth.Identity, room string) relay.JoinAnswer {
	name, _, _ := strings.Cut(room, "@")
	switch {
	case id.Anonymous && name != "started":
		return relay.JoinAnswer{Reason: "not_started", Text: "not started yet", NotStarted: true}
	case strings.HasPrefix(name, "closed"):
		return relay.JoinAnswer{Reason: "room_mismatch", Text: "another room"}
	case name == "over":
		return relay.JoinAnswer{Reason: "session_ended", Text: "log in again", Login: true}
	}
	return relay.JoinAnswer{Allowed: true}
}

// A world is a handler between the test's clients, a Prosody and a jicofo.
type world struct {
	*gatewaytest.World
	logins   *logins
	settings proxy.Settings
	jicofo   *gatewaytest.Upstream
}

func newWorld(t *testing.T, change func(*proxy.Settings)) *world {
	t.Helper()
	w := &world{World: gatewaytest.NewWorld(t), logins: &logins{}, jicofo: gatewaytest.NewUpstream(t)}
	w.Upstream = gatewaytest.NewUpstream(t)
	w.settings = proxy.Settings{
		Upstream: parse(t, w.Upstream.URL), Origins: []string{gatewaytest.Page},
		Hosts: map[string]proxy.HostSettings{
			"relay.example":   {Kind: proxy.Relayed, Jicofo: parse(t, w.jicofo.URL)},
			"guest.example":   {Kind: proxy.Guests, Main: "relay.example"},
			"tickets.example": {Kind: proxy.Tickets},
		},
	}
	if change != nil {
		change(&w.settings)
	}
	h := &web.Handler{Logins: w.logins, Rooms: rooms{}}
	p := proxy.New(proxy.Options{
		Log: w.Logger(), Metrics: w.Series.Gateway(), WriteTimeout: 15 * time.Second, Stopping: func() bool { return false },
	})
	serve := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q := p.Request(w.settings.WithDefaults(), rw, r)
		c, query := login.Take(r)
		q.Query, q.Token = query, c.Token
		h.Serve(q, c)
	})
	stop := w.Listen(nil, func(ctx context.Context, l net.Listener) error {
		srv := &httpd.Server{Name: login.Door, Handler: serve, ReadTimeout: -1, WriteTimeout: -1, StopTimeout: 200 * time.Millisecond}
		return srv.Serve(ctx, l)
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
		if n, _ := p.Connections(); n != 0 {
			t.Errorf("%d requests are still counted", n)
		}
	})
	return w
}

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ask sends a request, which goes on to one side or is refused.
func (w *world) ask(r *http.Request, to *gatewaytest.Upstream) (seen *gatewaytest.Exchange, got gatewaytest.Answer) {
	w.T.Helper()
	answer := w.Later(r)
	if to != nil {
		seen = to.Post()
		seen.Answer <- "the answer"
	}
	return seen, gatewaytest.Receive(w.T, answer)
}

// serve has a handler answer a request without a network.
func serve(h *web.Handler, r *http.Request, c *proxy.Settings) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	log := gatewaytest.NewWorld(nil)
	p := proxy.New(proxy.Options{Log: log.Logger(), Metrics: log.Series.Gateway(), WriteTimeout: time.Second,
		Stopping: func() bool { return false }})
	credentials, query := login.Take(r)
	q := p.Request(c.WithDefaults(), recorder, r)
	q.Query = query
	h.Serve(q, credentials)
	return recorder
}
