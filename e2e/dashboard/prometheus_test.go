package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"usher/e2e/child"
	"usher/e2e/parts"
	"usher/internal/ports"
)

var errMissing = errors.New("prometheus is not installed: run scripts/install.sh prometheus")

// need skips the test without Prometheus, or fails it where the environment says CI.
func need(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil {
		parts.Need(t, parts.Why("prometheus", errMissing))
	}
}

// A prometheus scrapes one usher, each second.
type prometheus struct{ address string }

func startPrometheus(t *testing.T, scraped string) *prometheus {
	t.Helper()
	address, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf(`global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: usher
    static_configs: [{targets: [%q], labels: {instance: "meet:9280"}}]
`, scraped)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--log.level=error")
	cmd.Stderr = os.Stderr
	process, err := child.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(30 * time.Second); err != nil {
			t.Error(err)
		}
	})
	p := &prometheus{address}
	p.scrapedSince(t, time.Time{})
	return p
}

// scrapedSince returns once usher has answered a question that Prometheus asked after a moment. Prometheus takes some
// seconds before it asks at all, and on a busy machine an answer may take longer than the second that it waits.
func (p *prometheus) scrapedSince(t *testing.T, moment time.Time) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !p.last().After(moment); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("prometheus does not scrape usher")
		}
	}
}

// last is when Prometheus asked what usher answered last; zero: there is no answer yet.
func (p *prometheus) last() time.Time {
	q := url.Values{"query": {"timestamp(up == 1)"}}
	r, err := http.Get("http://" + p.address + "/api/v1/query?" + q.Encode())
	if err != nil {
		return time.Time{}
	}
	defer r.Body.Close()
	var answer struct {
		Data struct{ Result []struct{ Value [2]any } }
	}
	if json.NewDecoder(r.Body).Decode(&answer) != nil || len(answer.Data.Result) != 1 {
		return time.Time{}
	}
	text, _ := answer.Data.Result[0].Value[1].(string)
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(seconds * 1000))
}

// A series is one line of a graph.
type series struct {
	name   string
	points []point
}

type point struct{ at, value float64 }

// ask has a query answered for each second of a while.
func (p *prometheus) ask(t *testing.T, x target, from, to time.Time) (list []series) {
	t.Helper()
	form := url.Values{"query": {x.query()}, "step": {"2"}, "start": {strconv.FormatInt(from.Unix(), 10)},
		"end": {strconv.FormatInt(to.Unix(), 10)}}
	r, err := http.PostForm("http://"+p.address+"/api/v1/query_range", form)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Values [][2]any
			}
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s: %s %v", x.query(), answer.Error, err)
	}
	for _, result := range answer.Data.Result {
		s := series{name: x.legend(result.Metric)}
		for _, v := range result.Values {
			at, _ := v[0].(float64)
			text, _ := v[1].(string)
			if value, err := strconv.ParseFloat(text, 64); err == nil && value == value { // NaN: nothing to divide
				s.points = append(s.points, point{at - float64(from.Unix()), value})
			}
		}
		if len(s.points) > 0 {
			list = append(list, s)
		}
	}
	return list
}
