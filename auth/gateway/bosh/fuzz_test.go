package bosh

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/gateway/budget"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/proxy"
	"usher/auth/gateway/stanza"
)

// A sink takes requests instead of a server, and answers nothing of interest.
// The ends of sessions, which go on beside the test, it does not keep.
type sink struct {
	mu     sync.Mutex
	bodies []string
}

// RoundTrip implements [http.RoundTripper].
func (s *sink) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("X-Forwarded-For") == "" { // it is no client's
		return nil, io.EOF
	}
	b, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, string(b))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("<a/>")), Request: r}, err
}

func (s *sink) take() (bodies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies, s.bodies = s.bodies, nil
	return bodies
}

// FuzzBOSH sends arbitrary bodies before a login, and holds: Prosody gets what
// was sent, if it can be read, and with a ticket where a login is; or it gets
// the end of the session, or nothing.
func FuzzBOSH(f *testing.F) {
	for _, s := range []string{gatewaytest.Creating(), gatewaytest.Creating(gatewaytest.Anonymous), gatewaytest.Body(2, gatewaytest.Anonymous), gatewaytest.Body(2, gatewaytest.Plain), gatewaytest.Body(2, "<a/>", gatewaytest.Anonymous), gatewaytest.Body(2, "<!-- -->"), "<a", "",
		gatewaytest.Body(2, `<p:auth xmlns:p="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="ANONYMOUS"></p:auth>`), strings.Replace(gatewaytest.Body(2, gatewaytest.Anonymous), "s1", "s2", 1)} {
		f.Add(s)
	}
	to := &sink{}
	w := worldOf(gatewaytest.NewWorld(f), Options{}, to)
	w.settings = proxy.Settings{Upstream: &url.URL{Scheme: "http", Host: "prosody.invalid"}}
	w.beside.Open(f.Context())
	f.Cleanup(w.beside.Close)
	f.Fuzz(func(t *testing.T, sent string) {
		known := &session{host: gatewaytest.Host, release: func() {}, began: time.Now()}
		w.of("", func(*session) { w.sessions.bySID = map[string]*session{"s1": known} })
		w.Auth.Reset()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, gatewaytest.BOSHPath+"?token="+gatewaytest.AliceToken, strings.NewReader(sent))
		w.ServeHTTP(httptest.NewRecorder(), r)
		if w.taken() != 0 {
			t.Fatal("a place is not given back")
		}
		for _, got := range to.take() {
			checkBody(t, sent, got)
		}
	})
}

// checkBody wants a body to hold nothing, or one step of a login; or, in a
// session that is not known, what means nothing before a login.
func checkBody(t *testing.T, sent, got string) {
	t.Helper()
	b, err := stanza.ParseBody([]byte(got))
	if err != nil || len(got) > budget.Piece+100 {
		t.Fatalf("%q reaches Prosody: %v", got, err)
	}
	if sid := b.Attribute("sid"); sid != "" && sid != "s1" {
		if got != sent || slices.ContainsFunc(b.Children, func(e stanza.Element) bool { return !e.Plain() }) {
			t.Fatalf("%q became %q, in a session that is not known", sent, got)
		}
		return
	}
	if len(b.Children) > 1 {
		t.Fatalf("%q reaches Prosody", got)
	}
	tickets := 0
	for _, e := range b.Children {
		if !slices.Contains([]stanza.Step{stanza.StepAuth, stanza.StepResponse, stanza.StepAbort}, e.Step()) {
			t.Fatalf("%q reaches Prosody", got)
		}
		if mechanism, _ := e.Login(); strings.EqualFold(mechanism, "ANONYMOUS") {
			tickets++
		}
	}
	if n := strings.Count(got, base64.StdEncoding.EncodeToString([]byte(gatewaytest.TicketText))[:8]); n < tickets || tickets == 0 && got != sent {
		t.Fatalf("%q became %q, with %d logins and %d tickets", sent, got, tickets, n)
	}
}
