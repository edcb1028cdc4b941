package fetch

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

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
		d := newDialer(test.scheme, false)
		d.Resolver = nameServer(t, netip.MustParseAddr(test.address))
		f := Fetcher{Transport: newTransport(d, nil)}
		_, err := f.Get(t.Context(), must(url.Parse(test.scheme+"://keys.example.com:"+port+"/")))
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

func TestParseURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://id.example.com/jwks": "", "https://id.example.com:8443/?a=b": "", "https://10.0.0.1/": "",
		"http://127.0.0.1:8080/jwks": "", "http://localhost/jwks": "", "http://LOCALHOST/": "", "http://[::1]/x": "",
		"http://id.example.com/jwks": "http to another machine", "http://127.0.0.1.example.com/": "http to another machine",
		"http://10.0.0.1/": "http to another machine", "https://169.254.169.254/": "link-local", "ftp://id.example.com/": `scheme is "ftp"`,
		"file:///etc/passwd": "scheme", "": "scheme", "id.example.com": "scheme", "https:": "no host", "https://:443/": "no host",
		"https://user:pw@id.example.com/": "user name", "https://id.example.com/#x": "fragment", "https://id.example.com/#": "fragment",
		"https://id.example.com:99999/": "port", "https://id.example.com:0/": "port", "https://hush%zz/": "not a URL", "https://a b/hush": "not a URL",
	} {
		_, err := ParseURL(text, false)
		if want == "" && err == nil {
			continue
		}
		if err == nil || want == "" || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "; ") != 1 || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// TestInsecureHTTP resolves a name to this machine's address on its network: by
// http that is another machine as well as any.
func TestInsecureHTTP(t *testing.T) {
	for _, row := range []struct {
		address  string
		insecure bool
		want     string
	}{
		{"10.255.255.1", false, "set insecure_http: true"}, {"10.255.255.1", true, "no complete answer"}, {"169.254.169.254", true, "link-local"},
	} {
		d := newDialer("http", row.insecure)
		d.Timeout = 100 * time.Millisecond
		d.Resolver = nameServer(t, netip.MustParseAddr(row.address))
		f := Fetcher{Transport: newTransport(d, nil)}
		_, err := f.Get(t.Context(), must(url.Parse("http://keys.example.com/")))
		if err == nil || row.want == "no complete answer" && strings.Contains(err.Error(), "insecure_http") ||
			row.want != "no complete answer" && !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: %v", row, err)
		}
	}
	check := func(text string) error { _, err := ParseURL(text, true); return err }
	if check("http://keys.example.com/") != nil || check("http://10.0.0.1/") != nil {
		t.Error("http to a named host is refused with insecure_http")
	}
	if check("http://169.254.169.254/") == nil {
		t.Error("a metadata service is a key server")
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
		f := Fetcher{Transport: newTransport(new(net.Dialer), nil)}
		if _, err := f.Get(t.Context(), u); err == nil || !strings.Contains(err.Error(), want) {
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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
