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
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"usher/auth/keys/keystest"

	"golang.org/x/net/dns/dnsmessage"
)

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

// nameServer answers every question with one address.
func nameServer(t *testing.T, addr netip.Addr) *net.Resolver {
	conn := must(net.ListenPacket("udp", "127.0.0.1:0"))
	t.Cleanup(func() { conn.Close() })
	go func() {
		for buf := make([]byte, 1500); ; {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1},
					Body: &dnsmessage.AResource{A: addr.As4()}}}
			}
			if out, err := m.Pack(); err == nil {
				conn.WriteTo(out, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestDialledAddress resolves one name to different machines.
func TestDialledAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	defer server.Close()
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, test := range []struct{ scheme, address, want string }{
		{"http", "127.0.0.1", ""}, {"http", "10.255.255.1", "not this machine"}, {"https", "169.254.169.254", "link-local"},
	} {
		d := sourceDialer(test.scheme, false)
		d.Resolver = nameServer(t, netip.MustParseAddr(test.address))
		f := fetcher{transport: newTransport(d, nil)}
		_, err := f.get(t.Context(), must(url.Parse(test.scheme+"://keys.example.com:"+port+"/")))
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s to %s: %v", test.scheme, test.address, err)
		}
	}
}

func TestCheckAddress(t *testing.T) {
	for _, test := range []struct {
		scheme, address string
		ok              bool
	}{
		{"http", "127.0.0.1", true}, {"http", "::1", true}, {"http", "::ffff:127.0.0.1", true}, {"http", "10.0.0.1", false}, {"http", "0.0.0.0", false},
		{"https", "10.0.0.1", true}, {"https", "127.0.0.1", true}, {"https", "93.184.216.34", true}, {"https", "fd00::1", true},
		{"https", "169.254.169.254", false}, {"https", "::ffff:169.254.169.254", false}, {"https", "fe80::1%eth0", false},
		{"https", "0.0.0.0", false}, {"https", "::", false}, {"https", "224.0.0.1", false}, {"https", "ff02::1", false},
	} {
		if err := checkAddress(test.scheme, netip.MustParseAddr(test.address), false); (err == nil) != test.ok {
			t.Errorf("%s to %s: %v", test.scheme, test.address, err)
		}
	}
}

func TestCheckSourceURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://id.example.com/jwks": "", "https://id.example.com:8443/?a=b": "", "https://10.0.0.1/": "",
		"http://127.0.0.1:8080/jwks": "", "http://localhost/jwks": "", "http://LOCALHOST/": "", "http://[::1]/x": "",
		"http://id.example.com/jwks": "http to another machine", "http://127.0.0.1.example.com/": "http to another machine",
		"http://10.0.0.1/": "http to another machine", "https://169.254.169.254/": "link-local", "ftp://id.example.com/": `scheme is "ftp"`,
		"file:///etc/passwd": "scheme", "": "scheme", "id.example.com": "scheme", "https:": "no host", "https://:443/": "no host",
		"https://user:pw@id.example.com/": "user name", "https://id.example.com/#x": "fragment", "https://id.example.com/#": "fragment",
		"https://id.example.com:99999/": "port", "https://id.example.com:0/": "port", "https://hush%zz/": "not a URL", "https://a b/hush": "not a URL",
	} {
		err := CheckSourceURL(text, false)
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "; ") != 1 || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
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

// TestOtherScheme: a port for TLS that is asked with http, and the reverse, is called that, whatever the server does then.
func TestOtherScheme(t *testing.T) {
	quiet := log.New(io.Discard, "", 0)
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = quiet
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for from, want := range map[string]string{
		strings.Replace(secure.URL, "https:", "http:", 1):         "if that port is for https, write https:// in the address",
		strings.Replace(plain.URL, "http:", "https:", 1):          "the server does not speak TLS on this port; if it is for http, write http:// in the address",
		"http://" + answerWith(t, ""):                             "connection reset by peer; if that port is for https, write https:// in the address",
		"http://" + answerWith(t, "\x15\x03\x01\x00\x02\x02\x0a"): "if that port is for https, write https:// in the address",
		"https://" + answerWith(t, "SSH-2.0-OpenSSH_9.2\r\n"):     "the server does not speak TLS on this port",
	} {
		u, err := url.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		f := fetcher{transport: newTransport(new(net.Dialer), nil)}
		if _, err := f.get(t.Context(), u); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", from, err, want)
		}
	}
}

// answerWith listens for one connection, answers bytes whatever it is asked, or else resets it, and returns the address.
func answerWith(t *testing.T, bytes string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		_, _ = nc.Read(make([]byte, 1))
		if _, _ = io.WriteString(nc, bytes); bytes == "" {
			_ = nc.(*net.TCPConn).SetLinger(0)
		}
	}()
	return l.Addr().String()
}
