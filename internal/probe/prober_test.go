package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/metrics"
)

// A prosody is a stand-in that answers a login by its token: "" lets it in, and a text refuses it.
type prosody struct {
	judge    func(token string) string
	offer    string // mechanisms
	host     string
	ended    int
	sessions int
}

func (p *prosody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, _ := io.ReadAll(r.Body)
	ns := `xmlns="http://jabber.org/protocol/httpbind" xmlns:stream="http://etherx.jabber.org/streams"`
	switch s := string(content); {
	case r.Host != p.host || r.URL.Path != "/http-bind" || r.UserAgent() != "usher":
		http.NotFound(w, r)
	case strings.Contains(s, `type="terminate"`):
		p.ended++
		fmt.Fprintf(w, `<body type="terminate" %s/>`, ns)
	case !strings.Contains(s, `sid=`) && !strings.Contains(s, `to="meet.example.com"`):
		fmt.Fprintf(w, `<body type="terminate" condition="host-unknown" %s/>`, ns)
	case !strings.Contains(s, `sid=`):
		p.sessions++
		fmt.Fprintf(w, `<body sid="a'b" %s><stream:features><mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl">%s</mechanisms>`+
			`</stream:features></body>`, ns, p.offer)
	case !strings.Contains(s, "<auth"):
		http.Error(w, "", http.StatusBadRequest)
	default:
		if why := p.judge(r.URL.Query().Get("token")); why != "" {
			fmt.Fprintf(w, `<body %s><failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><not-allowed/><text>%s</text></failure></body>`, ns, why)
			return
		}
		fmt.Fprintf(w, `<body %s><success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/></body>`, ns)
	}
}

// TestSteps: each step that can be missing is named, with what to do; no text has the token.
func TestSteps(t *testing.T) {
	const good = "head.claims.signature"
	only := func(token string) string {
		switch token {
		case good:
			return ""
		case "":
			return "token required"
		}
		return "Invalid signature"
	}
	always := func(why string) func(string) string { return func(string) string { return why } }
	anonymous := "<mechanism>ANONYMOUS</mechanism>"
	for _, c := range []struct {
		name  string
		p     prosody
		open  bool // guests_start
		empty bool // allow_empty_token, as relay has it
		wants string
	}{
		{"well", prosody{judge: only}, false, false, "OK"},
		{"another app_secret", prosody{judge: always("Invalid signature")}, false, false, "another app_secret"},
		{"another algorithm", prosody{judge: always("Invalid or incorrect alg")}, false, false, "signature_algorithm"},
		{"a key server", prosody{judge: always("'kid' claim is missing")}, false, false, "asap_key_server"},
		{"a key server that answers", prosody{judge: always("could not obtain public key")}, false, false, "asap_key_server"},
		{"another app_id", prosody{judge: always("invalid 'iss' claim")}, false, false, "app_id"},
		{"another audience", prosody{judge: always("invalid 'aud' claim")}, false, false, "asap_accepted_audiences"},
		{"clocks", prosody{judge: always("Not acceptable by exp (3 sec since expired)")}, false, false, "NTP"},
		{"no token found", prosody{judge: always("token required")}, false, false, "finds no token"},
		{"something else", prosody{judge: always("user is banned")}, false, false, "user is banned"},
		{"everybody", prosody{judge: always("")}, false, false, "broken token"},
		{"no token", prosody{judge: func(token string) string {
			if token == "" {
				return ""
			}
			return only(token)
		}}, false, false, "allow_empty_token"},
		{"no token, and that is meant", prosody{judge: func(token string) string {
			if token == "" {
				return ""
			}
			return only(token)
		}}, true, false, "OK"},
		{"another authentication", prosody{judge: only, offer: "<mechanism>PLAIN</mechanism>"}, false, false, `authentication = "token"`},
		{"insecure", prosody{judge: only, offer: "<x/>"}, false, false, "consider_bosh_secure"},
		{"a module that was not loaded", prosody{judge: only, offer: "<x/>"}, false, false, "basexx"},
		{"another web server", prosody{judge: only, host: "other"}, false, false, "HTTP status 404"},
		{"no token, and that is set", prosody{judge: func(token string) string {
			if token == "" {
				return ""
			}
			return only(token)
		}}, true, true, "OK"},
		{"no token, and that is set but not in Prosody", prosody{judge: only}, true, true, "set allow_empty_token = true"},
	} {
		if c.p.offer == "" {
			c.p.offer = anonymous
		}
		if c.p.host == "" {
			c.p.host = "meet.example.com"
		}
		server := httptest.NewServer(&c.p)
		upstream, _ := url.Parse(server.URL)
		f := New(slog.New(slog.DiscardHandler), nil, nil).try(t.Context(), Target{Host: "meet.example.com", Upstream: upstream,
			GuestsStart: c.open, Empty: c.empty, Token: func() (string, error) { return good, nil }})
		server.Close()
		if all := f.Text + "; " + f.Mend; f.OK != (c.wants == "OK") || !f.OK && !strings.Contains(all, c.wants) || strings.Contains(all, good) || f.Mend == "" != f.OK {
			t.Errorf("%s: %+v", c.name, f)
		}
		if c.p.ended != c.p.sessions {
			t.Errorf("%s: %d sessions, %d ended", c.name, c.p.sessions, c.p.ended)
		}
	}
}

// TestUnreachable: without a Prosody the finding says so, and the token is in no text.
func TestUnreachable(t *testing.T) {
	upstream, _ := url.Parse("http://127.0.0.1:1")
	target := Target{Host: "meet.example.com", Upstream: upstream, Token: func() (string, error) { return "head.claims.signature", nil }}
	f := New(slog.New(slog.DiscardHandler), nil, nil).try(t.Context(), target)
	if f.OK || !strings.Contains(f.Text, "does not answer at 127.0.0.1:1") || strings.Contains(f.Text, "signature") {
		t.Errorf("%+v", f)
	}
	target.Token = func() (string, error) { return "", errors.New("no key") }
	if f := New(slog.New(slog.DiscardHandler), nil, nil).try(t.Context(), target); f.OK || !strings.Contains(f.Text, "no key") {
		t.Errorf("%+v", f)
	}
}

// TestReset: what is found of a Prosody that cuts connections is the same each time: it is logged once.
func TestReset(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.(*net.TCPConn).SetLinger(0), conn.Close()
	}))
	defer server.Close()
	upstream, _ := url.Parse(server.URL)
	target := Target{Host: "meet.example.com", Upstream: upstream, Token: func() (string, error) { return "head.claims.signature", nil }}
	p := New(slog.New(slog.DiscardHandler), nil, nil)
	if first, again := p.try(t.Context(), target), p.try(t.Context(), target); first != again || !strings.Contains(first.Text, "reset") {
		t.Errorf("%+v, and then %+v", first, again)
	}
}

// TestProber: it tries at its start and when it is asked, writes what has changed, and keeps nobody waiting.
func TestProber(t *testing.T) {
	p := &prosody{judge: func(string) string { return "Invalid signature" }, offer: "<mechanism>ANONYMOUS</mechanism>", host: "meet.example.com"}
	server := httptest.NewServer(p)
	defer server.Close()
	upstream, _ := url.Parse(server.URL)
	var log bytes.Buffer
	prober := New(slog.New(slog.NewTextHandler(&log, nil)), nil, func() []Target {
		return []Target{{Host: "meet.example.com", Upstream: upstream, Token: func() (string, error) { return "head.claims.signature", nil }}}
	})
	if list := prober.Ask(time.Millisecond); len(list) != 0 {
		t.Errorf("before it runs: %+v", list)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- prober.Run(ctx) }()
	for range 2 {
		if list := prober.Ask(10 * time.Second); len(list) != 1 || list[0].OK {
			t.Errorf("%+v", list)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(regexp.MustCompile(`Prosody does not do what a relay wants`).FindAllString(log.String(), -1)); n != 1 || strings.Contains(log.String(), "claims") {
		t.Errorf("the log:\n%s", log.String())
	}
	(*Prober)(nil).Wake()
	if list := New(slog.New(slog.DiscardHandler), nil, func() []Target { return nil }).Ask(time.Hour); list != nil {
		t.Errorf("without a relay: %+v", list)
	}
}

// TestMended: while a step is missing the hosts are tried again without being asked, and once all is well they are left
// alone until somebody wakes it.
func TestMended(t *testing.T) {
	var tries atomic.Int64
	bad := make(chan bool, 1)
	bad <- true
	p := &prosody{offer: "<mechanism>ANONYMOUS</mechanism>", host: "meet.example.com", judge: func(token string) string {
		isBad := <-bad
		bad <- isBad
		if token == "head.claims.signature" {
			tries.Add(1)
			if !isBad {
				return ""
			}
		}
		return "Invalid signature"
	}}
	server := httptest.NewServer(p)
	defer server.Close()
	upstream, _ := url.Parse(server.URL)
	m := metrics.New("")
	counts := func(n string) bool {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return strings.Contains(w.Body.String(), "\nusher_relay_steps_missing "+n+"\n")
	}
	prober := New(slog.New(slog.DiscardHandler), m, func() []Target {
		return []Target{{Host: "meet.example.com", Upstream: upstream, Token: func() (string, error) { return "head.claims.signature", nil }}}
	})
	prober.first = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- prober.Run(ctx) }()
	await := func(what string, is func() bool) {
		for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	good := func() bool {
		prober.mu.Lock()
		defer prober.mu.Unlock()
		return len(prober.last) == 1 && prober.last[0].OK
	}
	await("it is not tried again", func() bool { return tries.Load() > 3 })
	await("the series does not tell of it", func() bool { return counts("1") })
	<-bad
	bad <- false
	await("it is not seen that the step was done", good)
	await("the series does not tell that all is well", func() bool { return counts("0") })
	n := tries.Load()
	time.Sleep(50 * time.Millisecond)
	if now := tries.Load(); now != n {
		t.Errorf("%d more tries though all is well", now-n)
	}
	<-bad
	bad <- true
	prober.Wake()
	await("woken, it does not try", func() bool { return !good() })
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
