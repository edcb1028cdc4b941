package dashboard

import (
	"bytes"
	"context"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"usher/e2e/daemon"
	"usher/e2e/world"
)

var (
	picture = flag.String("picture", "", "draw what the dashboard shows into this file")
	during  = flag.Duration("during", 4*time.Second, "how long people come and go")
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }

// overTCP returns an address at which a Unix socket answers.
func overTCP(t *testing.T, socket string) string {
	t.Helper()
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "usher"}) },
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// lively are the panels that show something while people come and go.
func lively() []string {
	return []string{"Logins by result", "Refusals by reason", "Time to decide", "Joins by reason", "Sessions",
		"Component connected", "Tickets", "Keys", "Version"}
}

// answers are what the panels show, and which of those that should show something do not.
func (p *prometheus) answers(t *testing.T, panels []panel, from, to time.Time) (data [][]series, silent []string) {
	t.Helper()
	data, silent = make([][]series, len(panels)), lively()
	for i, panel := range panels {
		for _, x := range panel.Targets {
			data[i] = append(data[i], p.ask(t, x, from, to)...)
		}
		if len(data[i]) > 0 {
			silent = slices.DeleteFunc(silent, func(title string) bool { return title == panel.Title })
		}
	}
	return data, silent
}

// TestDashboard has Prometheus scrape an usher to which people come, and asks it what each panel asks: Prometheus takes
// every query, and those of logins, joins and their times have an answer.
func TestDashboard(t *testing.T) {
	need(t)
	w := world.New(t, world.AnyVersion(t), world.Options{Gateway: `origins: ["https://meet.example.com"]`,
		Host: "    lobby: {rooms: {\"board-*\": on}}\n"})
	p := startPrometheus(t, overTCP(t, w.Usher.Path("metrics.sock")))
	from := time.Now()
	load(t, w, *during)
	panels, seen := readPanels(t)
	to := time.Now()
	data, silent := p.answers(t, panels, from, to)
	for end := to.Add(time.Minute); len(silent) > 0 && to.Before(end); data, silent = p.answers(t, panels, from, to) {
		p.scrapedSince(t, to) // a rate wants two answers of usher, and on a busy machine many come too late
		to = time.Now()
	}
	if len(silent) > 0 {
		t.Errorf("the panels %q show nothing", silent)
	}
	if *picture == "" {
		return
	}
	var out bytes.Buffer
	d := &drawing{w: &out, span: to.Sub(from).Seconds()}
	d.all(panels[:seen], data)
	if err := os.WriteFile(*picture, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
