package keys

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"usher/auth/keys/keystest"
	"usher/metrics"
)

// testOptions log into the buffer, if there is one.
func testOptions(t http.RoundTripper, log *bytes.Buffer) Options {
	h := slog.DiscardHandler
	if log != nil {
		h = slog.NewTextHandler(log, nil)
	}
	return Options{Log: slog.New(h), Metrics: metrics.New("test"), Now: time.Now, Transport: t}
}

// sourceAt is the source of an issuer that trusts whom the system trusts.
func sourceAt(kind Kind, url string) sourceID {
	return sourceID{issuer: "id", Location: Location{kind, url}}
}

// start runs a source until the test ends.
func start(t *testing.T, s *source) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

const (
	vectors    = "../../../shared/vectors/"
	testSetURL = "https://id.example.com/hidden/jwks?token=hush"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// badServer misbehaves in a way for each path.
func badServer(t *testing.T, good string, served *atomic.Int64) *httptest.Server {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, good) }))
	t.Cleanup(elsewhere.Close)
	mux := http.NewServeMux()
	send := func(path string, f func(w http.ResponseWriter, r *http.Request)) { mux.HandleFunc(path, f) }
	redirect := func(to string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
	}
	status := func(n int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(n); io.WriteString(w, good) }
	}
	send("/good", status(200))
	send("/moved", redirect("/good"))
	send("/away", redirect(elsewhere.URL))
	send("/loop", redirect("/loop"))
	send("/404", status(404))
	send("/500", status(500))
	send("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	send("/drip", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(50 * time.Millisecond)
		}
	})
	send("/echo", func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{r.RequestURI + "%zz\x7f"}
		w.WriteHeader(302)
	})
	send("/huge", func(w http.ResponseWriter, _ *http.Request) {
		for range 64 << 10 {
			n, err := w.Write(make([]byte, 1024))
			if served.Add(int64(n)); err != nil {
				return
			}
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestFetchFromBadServers(t *testing.T) {
	good := keystest.JWKSet(keystest.JWK(keystest.ECKey(t), nil))
	var served atomic.Int64
	t.Cleanup(func() { // after all of them
		if n := served.Load(); n > 8<<20 {
			t.Errorf("%d bytes of 64 MiB were taken", n)
		}
	})
	server := badServer(t, good, &served)
	for path, want := range map[string]string{"/good": "", "/moved": "", "/away": "another server", "/loop": "more than 3 redirects",
		"/404": "404", "/500": "500", "/huge": "more than 262144 bytes", "/hang": "within 3s", "/drip": "within 3s", "/echo": "readable"} {
		t.Run(path[1:], func(t *testing.T) {
			t.Parallel()
			s := newSource(sourceAt(JWKSURL, server.URL+path+"?hush"), testOptions(nil, nil))
			start(t, s)
			<-s.tried() // or the test hangs: two of them never end by themselves
			p := s.problem()
			if !strings.Contains(p, want) || (p == "") != (want == "") || strings.Contains(p, "hush") || strings.Contains(p, path) {
				t.Errorf("problem %q, want %q", p, want)
			}
		})
	}
}

// TestServersText: nothing that a server sends moves the cursor of an operator's
// terminal, or begins a line of its own in /readyz.
func TestServersText(t *testing.T) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"evil\x1b[2J\nready"}}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	s := newSource(sourceAt(JWKSURL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)), testOptions(nil, nil))
	start(t, s)
	<-s.tried()
	if p := s.problem(); !strings.Contains(p, "evil") || strings.ContainsFunc(p, unicode.IsControl) {
		t.Errorf("%q", p)
	}
}

// TestRepeatedURL: a server that says what it was asked by does not bring a
// secret into the log.
func TestRepeatedURL(t *testing.T) {
	for _, said := range []string{"/hidden/jwks?token=hush", "hush is no token", "?token=hush"} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			_, s := newSetServer(t, fmt.Sprintf(`{"error":%q}`, said), &log)
			if text := s.problem() + log.String(); strings.Contains(text, "hush") || !strings.Contains(text, "repeats the URL") {
				t.Errorf("%q: %s", said, text)
			}
		})
	}
	for _, shown := range []string{`{"error":"no such realm"}`, `{"jwks_uri":"https://id.example.com/hidden/jwks/keys"}`} {
		synctest.Test(t, func(t *testing.T) {
			if _, s := newSetServer(t, shown, nil); strings.Contains(s.problem(), "repeats") {
				t.Errorf("%q", s.problem())
			}
		})
	}
}

// TestShownURL: of a key server's URL its origin and its path are shown, and nothing else, whoever wrote it and wherever it
// is shown.
func TestShownURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://id.example.com/realms/our%2Frealm/certs":              "https://id.example.com/realms/our%2Frealm/certs",
		"https://id.example.com:8443/keys?key=hush":                    "https://id.example.com:8443/keys",
		"https://me:hush@id.example.com/keys":                          "https://id.example.com/keys",
		"https://id.example.com/keys#hush":                             "https://id.example.com/keys",
		"https://id.example.com?hush":                                  "https://id.example.com",
		"https://me@id.example.com/" + strings.Repeat("x", 2000):       "https://id.example.com/" + strings.Repeat("x", maxShownText-len("https://id.example.com/")) + "…",
		"https://id.example.com/%zz?hush":                              "(not a URL)",
		"https://id.example.com/certs?a=%3Fhush%23hush&b=hush#!/?hush": "https://id.example.com/certs",
	} {
		if got := shownText(text); got != want {
			t.Errorf("%.80s is shown as %.80s", text, got)
		}
		if err := notSet([]setMember{{kid: "jwks_uri", value: []byte(`"` + text + `"`)}}); strings.Contains(err.Error(), "hush") {
			t.Error(err)
		}
		st := newSource(sourceAt(JWKSURL, text), Options{}).status()
		if strings.Contains(st.URL, "hush") || strings.Contains(st.Problem, "hush") {
			t.Errorf("status says %q, %q", st.URL, st.Problem)
		}
	}
}
