package nginx_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
)

// secret stands for a token; no log may have it.
const secret = "eyJhbGciOiJIUzI1NiJ9.TOKEN"

// gateway remembers the requests that nginx sends on.
type gateway struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // "URI|Host|X-Forwarded-For|X-Forwarded-Proto|Upgrade"
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		h := r.Header
		g.seen = append(g.seen, strings.Join([]string{r.RequestURI, r.Host, strings.Join(h["X-Forwarded-For"], ","),
			h.Get("X-Forwarded-Proto"), h.Get("Upgrade")}, "|"))
		if strings.HasSuffix(r.URL.Query().Get("room"), "broken") {
			panic(http.ErrAbortHandler) // closes the connection without an answer
		}
		fmt.Fprint(w, "from the gateway")
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) addr() string { return g.Listener.Addr().String() }

func (g *gateway) last() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) == 0 {
		return ""
	}
	return g.seen[len(g.seen)-1]
}

// client reaches nginx under the name of the site, whatever the address says.
func client(s *nginx.Server) *http.Client {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			to := s.TLS()
			if strings.HasSuffix(addr, ":80") {
				to = s.Plain()
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func get(t *testing.T, s *nginx.Server, link string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := client(s).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

const origin = "https://meet.example.com"

func TestWhatTheGatewaySees(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := nginxtest.Start(t, g.addr(), page.Site{})
	rows := map[string]string{
		"/xmpp-websocket?room=a&token=" + secret: "/xmpp-websocket?prefix=&room=a&token=" + secret,
		"/http-bind?room=%25d1%2582":             "/http-bind?prefix=&room=%25d1%2582",
		"/http-bind":                             "/http-bind?prefix=&",
		"/acme/xmpp-websocket?room=a":            "/xmpp-websocket?prefix=acme&room=a",
		"/acme/http-bind?room=a&prefix=other":    "/http-bind?prefix=acme&room=a&prefix=other",
		"/%D0%B0/http-bind?room=a":               "/http-bind?prefix=%D0%B0&room=a",
	}
	for path, uri := range rows {
		_, body := get(t, s, origin+path, "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "http")
		if want := uri + "|meet.example.com|127.0.0.1|https|"; g.last() != want || body != "from the gateway" {
			t.Errorf("%s arrived as %s\nwant %s", path, g.last(), want)
		}
	}
	get(t, s, origin+"/xmpp-websocket?room=a", "Upgrade", "websocket", "Connection", "Upgrade")
	if got := g.last(); !strings.HasSuffix(got, "|websocket") {
		t.Errorf("the upgrade arrived as %s", got)
	}
}

// A tenant that would change the request for the gateway is none: it is a room like any other path.
func TestTenantsThatWouldInject(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := nginxtest.Start(t, g.addr(), page.Site{})
	for _, tenant := range []string{"a%0d%0aX-Evil:%20yes", "a%26token=x", "a%20b", "a%23", "a%3f", "a%25", "a%2fb",
		"a+b", "a=b"} {
		for _, end := range []string{"/xmpp-websocket", "/http-bind"} {
			res, body := get(t, s, origin+"/"+tenant+end)
			if g.last() != "" || res.StatusCode == http.StatusBadGateway || body == "from the gateway" {
				t.Errorf("%s%s reached the gateway as %q", tenant, end, g.last())
			}
		}
	}
}

func TestThePage(t *testing.T) {
	t.Parallel()
	s := nginxtest.Start(t, "127.0.0.1:1", page.Site{})
	for _, path := range []string{"/", "/board?jwt=" + secret, "/acme/board?jwt=" + secret, "/d%C3%A9j%C3%A0"} {
		res, body := get(t, s, origin+path)
		if res.StatusCode != http.StatusOK || !strings.Contains(body, "start.js") {
			t.Errorf("%s: %s", path, res.Status)
		}
		if got := res.Header.Get("Referrer-Policy"); got != "no-referrer" {
			t.Errorf("%s: Referrer-Policy is %q", path, got)
		}
	}
	res, _ := get(t, s, "http://meet.example.com/board?jwt="+secret)
	want := origin + "/board?jwt=" + secret
	if res.StatusCode != http.StatusMovedPermanently || res.Header.Get("Location") != want {
		t.Errorf("without TLS: %s, to %s", res.Status, res.Header.Get("Location"))
	}
}

// Whatever goes wrong, no log has a token; and the access log says what went wrong.
func TestNoTokenInLogs(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := nginxtest.Start(t, g.addr(), page.Site{})
	long := strings.Repeat("x", 20<<10)
	for _, path := range []string{
		"/xmpp-websocket?room=a&token=", "/http-bind?room=a&token=", "/acme/http-bind?room=a&token=",
		"/http-bind?room=broken&token=", "/board?jwt=", "/board?jwt=" + long, "/a%00b?jwt=", "/../x?jwt=",
		"/board/?jwt=", "/%?jwt=",
	} {
		for _, scheme := range []string{"https", "http"} {
			raw(t, s, scheme, path+secret)
		}
	}
	get(t, s, origin+"/app.js", "Referer", origin+"/board?jwt="+secret)
	get(t, s, origin+"/none.js", "Referer", origin+"/board?jwt="+secret)
	g.Close()
	for _, path := range []string{"/xmpp-websocket", "/http-bind", "/acme/xmpp-websocket", "/acme/http-bind"} {
		if res, _ := get(t, s, origin+path+"?token="+secret); res.StatusCode != http.StatusBadGateway {
			t.Errorf("without a gateway: %s", res.Status)
		}
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	logs := s.Logs()
	for _, word := range []string{secret, "TOKEN", "jwt", "token"} {
		if strings.Contains(logs, word) {
			t.Errorf("%q is in the logs:\n%s", word, logs)
		}
	}
	if !strings.Contains(logs, `GET "/xmpp-websocket" 502`) || !strings.Contains(logs, `upstream="502"`) {
		t.Errorf("the logs do not tell what went wrong:\n%s", logs)
	}
}

// raw sends a request line as it stands; Go's client would clean it.
func raw(t *testing.T, s *nginx.Server, scheme, target string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Plain())
	if scheme == "https" {
		conn, err = tls.Dial("tcp", s.TLS(), &tls.Config{InsecureSkipVerify: true, ServerName: "meet.example.com"})
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: meet.example.com\r\nConnection: close\r\n\r\n", target)
	_, _ = io.Copy(io.Discard, conn) // a reset is an answer too
}

// A token of 8 KiB reaches the page and the gateway.
func TestLongToken(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	s := nginxtest.Start(t, g.addr(), page.Site{})
	long := strings.Repeat("x", 8<<10)
	cookie := "a=" + strings.Repeat("y", 4<<10)
	if res, _ := get(t, s, origin+"/board?jwt="+long, "Cookie", cookie); res.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", res.Status)
	}
	get(t, s, origin+"/xmpp-websocket?room=a&token="+long)
	if !strings.Contains(g.last(), "token="+long) {
		t.Error("it did not reach the gateway")
	}
}

// The log of the test would see a token, were the example not as it is.
func TestLogsAreSeen(t *testing.T) {
	t.Parallel()
	nginxtest.Require(t)
	text, err := os.ReadFile("../../deploy/nginx-meet.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	loose := dir + "/site.conf"
	loosened := strings.ReplaceAll(string(text), "error_log /dev/null emerg;", "")
	if err := os.WriteFile(loose, []byte(loosened), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := nginx.Start(t.Context(), nginx.Config{Dir: dir + "/run", Site: loose, Gateway: "127.0.0.1:1", Root: dir})
	if err != nil {
		t.Fatal(err)
	}
	get(t, s, origin+"/xmpp-websocket?token="+secret)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(s.Logs(), secret) {
		t.Error("nginx has changed: it no longer quotes addresses in its error log")
	}
}
