package httpauth

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/httpd"
)

const (
	host   = "meet.example.com"
	secret = "0123456789abcdef0123456789abcdef"
)

// A world is a door with a real verifier, and what says who may ask it.
type world struct {
	http.Handler
	door     *Server
	verifier *auth.Verifier
	log      syncBuffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v, err := auth.New(authtest.Config(host), auth.Options{Log: log, Sessions: authtest.NewSessions(nil)})
	if err != nil {
		t.Fatal(err)
	}
	w.verifier, w.door = v, &Server{Auth: v}
	w.Handler = admitted(w.door, log)
	return w
}

// admitted is a door as the daemon has it.
func admitted(door *Server, log *slog.Logger) http.Handler {
	a := &httpd.Admission{Name: "HTTP door", Log: log, SecretInURL: UsersHeader}
	a.Configure(httpd.AdmissionSettings{Secret: secret, Hosts: []string{"door:8280"}})
	return a.Wrap(door)
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// A call is a request to the door.
type call struct {
	method, url, body string
	header            http.Header
	host              string // "" for the right one
}

func (c call) do(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(c.method, c.url, strings.NewReader(c.body))
	r.Host = "door:8280"
	if c.host != "" {
		r.Host = c.host
	}
	maps.Copy(r.Header, c.header)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// asks are the five ways to log in, each with the secret where its module can
// put it.
var asks = map[string]func(name, token, host string) call{
	DoorHTTP: func(name, token, host string) call {
		c := call{method: "GET", url: "/auth/http/check_password?" + form("pass", token, "user", name, "server", host), header: http.Header{}}
		c.header.Set("Authorization", basicAuth("prosody", secret))
		return c
	},
	DoorHTTPAsync: func(name, token, host string) call {
		return call{method: "GET", url: "/auth/basic?host=" + host + "&key=" + secret, header: http.Header{"Authorization": {basicAuth(name, token)}}}
	},
	DoorCustomHTTP: func(name, token, host string) call {
		return call{method: "POST", url: "/auth/json?host=" + host + "&key=" + secret, body: object("username", name, "password", token),
			header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	},
	DoorOAuth: func(_, token, host string) call {
		return call{method: "GET", url: "/auth/oauth/userinfo?host=" + host + "&key=" + secret, header: http.Header{"Authorization": {"Bearer " + token}}}
	},
	"token": func(name, token, host string) call {
		return call{method: "POST", url: "/auth/oauth/token?host=" + host + "&key=" + secret,
			body: form("grant_type", "password", "username", name, "password", token, "scope", "openid")}
	},
	DoorTicket: func(_, token, host string) call {
		return call{method: "POST", url: "/auth/ticket?host=" + host + "&key=" + secret, header: http.Header{"Authorization": {"Bearer " + token}}}
	},
}

// readRecorded reads the first request of a recording.
func readRecorded(text string) (*http.Request, error) {
	return http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))))
}

func readAll(r io.Reader) string {
	b, _ := io.ReadAll(r)
	return string(b)
}
