package preflight

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/internal/config"
	"usher/internal/config/configtest"
	"usher/internal/ports"
)

// TestUpstreams: a Prosody that is not there, that has a module too few, and that is ill, each with what to do.
func TestUpstreams(t *testing.T) {
	status := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "meet.example.com" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.WriteHeader(status[r.URL.Path])
		fmt.Fprintln(w, "It works!")
	}))
	defer server.Close()
	nobody, err := ports.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(nobody, ":")
	for _, c := range []struct {
		upstream        string
		websocket, bosh int
		want            string
	}{
		{server.URL, 200, 200, ""},
		{server.URL, 404, 200, `warning: upstream: Prosody has no /xmpp-websocket for meet.example.com — add "websocket" to modules_enabled`},
		{server.URL, 200, 404, `warning: upstream: Prosody has no /http-bind for meet.example.com — add "bosh" to modules_enabled`},
		{server.URL, 200, 502, `error: upstream: ` + strings.TrimPrefix(server.URL, "http://") + ` answers 502 to /http-bind`},
		{"http://" + nobody, 0, 0, `error: upstream: nobody listens on ` + nobody + ` — start Prosody, with http_ports = { ` + port + ` }`},
	} {
		status["/xmpp-websocket"], status["/http-bind"] = c.websocket, c.bosh
		got := upstreamsOf(t, t.Context(), c.upstream)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) || strings.Count(got, " — ") > 1 {
			t.Errorf("got %swant %s", got, c.want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if got := upstreamsOf(t, ctx, "http://"+silent.Addr().String()); !strings.Contains(got, "does not answer: context deadline exceeded") {
		t.Error(got)
	}
}

// TestComponents: a Prosody that takes no components is named, and nothing is said to one that does.
func TestComponents(t *testing.T) {
	prosody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir := configtest.KeyFolder(t)
	path := configtest.PutFile(t, dir, "usher.yaml", "component: {jid: usher.h, secret_file: other.secret, address: '"+
		prosody.Addr().String()+"'}\nhosts: {h: {issuers: {a: {secret_files: [my-app.secret]}}, muc: [c.h]}}\n", 0o640)
	c, problems := config.Load(path)
	if c == nil {
		t.Fatal(problems)
	}
	if got := configtest.Printed(Ask(t.Context(), c, path), dir); got != "" {
		t.Error(got)
	}
	_ = prosody.Close()
	want := "usher.yaml:1:63: error: component: nobody listens on " + prosody.Addr().String() + ": Prosody is not there, or has no " +
		"component — add Component \"usher.h\" to Prosody's configuration, and restart Prosody: usher prosody prints the lines\n"
	if got := configtest.Printed(Ask(t.Context(), c, path), dir); got != want {
		t.Errorf("got %swant %s", got, want)
	}
}

func upstreamsOf(t *testing.T, ctx context.Context, upstream string) string {
	t.Helper()
	dir := configtest.KeyFolder(t)
	path := configtest.PutFile(t, dir, "usher.yaml", "listen: {gateway: '127.0.0.1:8281'}\ngateway: {upstream: '"+upstream+"'}\n"+
		"hosts: {meet.example.com: {issuers: {a: {secret_files: [my-app.secret]}}, guests: [guest.example.com], muc: [c.example.com]}}\n", 0o640)
	c, problems := config.Load(path)
	if c == nil {
		t.Fatal(problems)
	}
	return configtest.Printed(Ask(ctx, c, path), dir)
}
