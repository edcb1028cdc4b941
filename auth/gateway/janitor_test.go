package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth/gateway/bosh"
	"usher/auth/gateway/gatewaytest"
	"usher/auth/gateway/login"
	"usher/auth/gateway/proxy"
	"usher/metrics"
)

// made is a transport that answers every request as Prosody does one that makes a
// session.
type made struct{}

// RoundTrip implements [http.RoundTripper].
func (made) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	body := io.NopCloser(strings.NewReader(gatewaytest.Told("<features/>")))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, err
}

// TestJanitor: while the gateway serves, a session of BOSH that has said nothing
// for long is forgotten.
func TestJanitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := gatewaytest.NewWorld(t)
		s := newServer(w, Options{})
		s.proxy = proxy.New(proxy.Options{Log: s.Log, Metrics: s.Metrics, WriteTimeout: s.WriteTimeout, Stopping: s.streams.Over, Transport: made{}})
		s.bosh = bosh.New(bosh.Options{
			Exchange: &login.Exchange{Tickets: w.Auth}, Metrics: s.Metrics, Budget: &s.budget, Transport: made{}, Go: s.streams.Go, LoginTimeout: s.LoginTimeout,
		})
		s.Configure(Settings{Upstream: &url.URL{Scheme: "http", Host: "prosody.invalid"}})
		go s.runJanitor(t.Context())
		for range 2 { // in between it sleeps
			answer := httptest.NewRecorder()
			s.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, BOSHPath, strings.NewReader(gatewaytest.Creating())))
			if all, _ := s.proxy.Connections(); answer.Code != http.StatusOK || all != 1 {
				t.Errorf("answered %d, %d places are taken", answer.Code, all)
			}
			time.Sleep(2 * time.Minute)
			if all, _ := s.proxy.Connections(); all != 1 {
				t.Error("it was forgotten too early")
			}
			time.Sleep(2 * time.Minute)
			if all, _ := s.proxy.Connections(); all != 0 {
				t.Error("it is not forgotten")
			}
			time.Sleep(time.Hour)
		}
		if n := gatewaytest.Value(t, w.Series, metrics.GatewayConnections, metrics.TransportBOSH.String()); n != 0 {
			t.Errorf("%v sessions are counted", n)
		}
	})
}
