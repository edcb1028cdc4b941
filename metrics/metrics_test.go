package metrics_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"usher/metrics"
)

// scrape reads what Prometheus would read.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape got %d: %s", w.Code, w.Body)
	}
	body, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// ours keeps the lines of usher's own series, without the version of Go.
func ours(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "usher_") {
			b.WriteString(strings.ReplaceAll(line, runtime.Version(), "GOVERSION"))
		}
	}
	return b.String()
}

// anyone logs in at the one host, with a token of the one issuer.
var anyone = metrics.Whose{Host: "meet.example.com", Issuer: "my-app"}

// lived returns the metrics of a daemon after some minutes.
func lived() *metrics.Metrics {
	at := time.UnixMilli(1_795_500_000_250)
	m := metrics.New("1.2.3")
	d := m.Door("dovecot", []string{"bad_signature", "expired"}, []string{"internal_error", "keys_unavailable"})
	d.Allowed(anyone, 4*time.Microsecond)
	d.Allowed(anyone, 15*time.Microsecond)
	d.Refused(anyone, "expired", 3*time.Microsecond)
	d.Refused(metrics.Whose{Host: "meet.example.com"}, "keys_unavailable", 2*time.Second)
	m.Ticket(metrics.TicketIssued)
	m.Ticket(metrics.TicketRedeemed)
	m.Ticket(0)
	m.SetKeys([]metrics.KeyCount{{Issuer: "my-app", Kind: "hmac", N: 2}, {Issuer: "portal", Kind: "rsa", N: 1}, {Issuer: "portal", Kind: "rsa", N: 2}})
	m.Issuers([]string{"my-app", "portal"})
	m.Fetched("portal", metrics.FetchSucceeded, at)
	m.Fetched("portal", metrics.FetchFailed, at.Add(time.Hour))
	m.Reloaded(true, at)
	m.Reloaded(false, at.Add(time.Hour))
	m.JoinReasons([]string{"token"}, []string{"stranger"}, []string{"internal_error"})
	m.Join(metrics.Allowed, "token")
	m.Join(metrics.Denied, "a made-up reason")
	m.Affiliation("owner", true)
	m.Sessions(3)
	m.WatchReady(func() bool { return true })
	m.RelayStepsMissing(1)
	m.ComponentConnected(true)
	m.StateError(metrics.StateUpdate)
	m.Lobby(2, 5)
	m.LobbyMessageLost(metrics.LobbyInvitation, metrics.LostFull)
	m.LobbyMessageLost(0, metrics.LostFull)
	c := m.NewCluster("shard1", []string{"revocation", "session"})
	c.Watch(func() metrics.ClusterState {
		return metrics.ClusterState{Staleness: 1.5, Lag: 2.5, ClockOffset: -0.5, Outbox: 4, Nodes: 3, OtherConfig: 1, Writer: true}
	})
	c.Published.Add(5)
	c.Applied("session", 6)
	g := m.Gateway()
	g.Connected(metrics.TransportWebSocket, 1)
	g.Connected(metrics.TransportBOSH, 1)
	g.Connected(metrics.TransportBOSH, -1)
	g.Ended(metrics.EndedSlow)
	g.Refused(metrics.RefusedOrigin)
	g.Refused(0)
	return m
}

func TestScrape(t *testing.T) {
	const file = "../testdata/metrics/scrape.txt"
	got := ours(scrape(t, lived()))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the scrape differs from %s (UPDATE_GOLDEN=1 writes it anew):\n%s", file, got)
	}
}

func TestScrapeHasGoAndProcess(t *testing.T) {
	text := scrape(t, metrics.New("1.2.3"))
	for _, name := range []string{"\ngo_goroutines ", "\nprocess_resident_memory_bytes "} {
		if !strings.Contains(text, name) {
			t.Errorf("the scrape has no %q", name)
		}
	}
}

func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(lived().Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestNames(t *testing.T) {
	text := scrape(t, lived())
	for _, name := range []string{
		metrics.AuthRequests, metrics.AuthDuration, metrics.Keys, metrics.JWKSFetches, metrics.JWKSLastSuccess,
		metrics.ConfigLastReload, metrics.ConfigLastReloadGoodAt, metrics.BuildInfo,
	} {
		if !strings.Contains(text, "# TYPE "+name+" ") {
			t.Errorf("the scrape has no %s", name)
		}
	}
}

func BenchmarkScrape(b *testing.B) {
	h := lived().Handler()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/metrics", nil)
	for b.Loop() {
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}
