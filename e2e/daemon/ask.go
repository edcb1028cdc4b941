package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// URL is that of a path at the HTTP door.
func (d *Daemon) URL(path string) string { return "http://" + d.HTTP + path }

// Scrape returns what Prometheus would see.
func (d *Daemon) Scrape(t testing.TB) string {
	t.Helper()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.Path("metrics.sock"))
	}
	transport := &http.Transport{DialContext: dial}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://usher/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// Run runs a command of usher with the daemon's configuration, and returns what it prints.
func (d *Daemon) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := d.Try(t, args...)
	if err != nil {
		t.Fatalf("usher %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Status is what usher status prints, of a daemon that is ready or not.
func (d *Daemon) Status(t testing.TB, args ...string) string {
	t.Helper()
	args = append([]string{"status"}, args...)
	out, err := d.Try(t, args...)
	if exit, is := errors.AsType[*exec.ExitError](err); err != nil && (!is || exit.ExitCode() != 1) {
		t.Fatalf("usher %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// probeWithin is how long usher status waits for Prosody's answer; then it prints what was seen before.
const probeWithin = 2 * time.Second

// StatusSays wants usher status to print all of these texts. It asks again only while a Prosody of a busy machine takes
// longer than that waits: what it prints sooner is what Prosody answers now.
func (d *Daemon) StatusSays(t testing.TB, texts ...string) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		begun := time.Now()
		out := d.Status(t)
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(out, text) }) {
			return
		}
		if now := time.Now(); now.Sub(begun) < probeWithin || now.After(end) {
			t.Errorf("usher status does not say %q:\n%s", texts, out)
			return
		}
	}
}

// Try is Run of a command that may fail.
func (d *Daemon) Try(t testing.TB, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(Binary(t), args...)
	cmd.Env = append(os.Environ(), "USHER_CONFIG="+d.Path("usher.yaml"), "USHER_CHECK_USER="+strconv.Itoa(os.Geteuid()))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Ticket asks for a ticket at a host, as a portal does that has the user's token.
func (d *Daemon) Ticket(t testing.TB, host, token string) string {
	t.Helper()
	status, body := d.AskTicket(t, host, token)
	var answer struct{ Account, Ticket string }
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK || answer.Ticket == "" {
		t.Fatalf("no ticket: %d %q", status, body)
	}
	return answer.Ticket
}

// AskTicket returns the status and the body of the answer.
func (d *Daemon) AskTicket(t testing.TB, host, token string) (int, []byte) {
	t.Helper()
	url := d.URL("/auth/ticket?host=" + host + "&key=" + HTTPSecret)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, body
}
