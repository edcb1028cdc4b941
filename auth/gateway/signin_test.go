package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"usher/auth/gateway"
)

// A signIn notes what comes to it.
type signIn struct{ came []string }

func (s *signIn) Serves(path string) bool {
	return path == "/login" || strings.HasPrefix(path, "/login/")
}

func (s *signIn) ServeSignIn(w http.ResponseWriter, r *http.Request, from netip.Prefix) {
	s.came = append(s.came, r.Method+" "+r.URL.String()+" "+from.String())
	w.WriteHeader(http.StatusTeapot)
}

// TestSignInPaths: its paths go to the sign-in whole, with the client's own address, and no page of another origin may
// read the answer; without a sign-in there is no such path.
func TestSignInPaths(t *testing.T) {
	upstream, err := url.Parse("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(s gateway.SignIn, method, path string) *httptest.ResponseRecorder {
		g := gateway.New(gateway.Options{SignIn: s})
		g.Configure(gateway.Settings{Upstream: upstream, Origins: []string{"*"}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("X-Forwarded-For", "198.51.100.9")
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		return w
	}
	s := &signIn{}
	for _, row := range [][2]string{{"GET", "/login?room=a&token=x"}, {"POST", "/login/logout"}, {"OPTIONS", "/login"}} {
		w := ask(s, row[0], row[1])
		want := row[0] + " " + row[1] + " 198.51.100.9/32"
		if got := s.came[len(s.came)-1]; w.Code != http.StatusTeapot || got != want || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%d %v, came %q; want %q", w.Code, w.Header(), got, want)
		}
	}
	if w := ask(s, "GET", "/loginx"); w.Code != http.StatusNotFound || len(s.came) != 3 {
		t.Errorf("%d", w.Code)
	}
	if w := ask(nil, "GET", "/login?room=a"); w.Code != http.StatusNotFound {
		t.Errorf("without a sign-in: %d", w.Code)
	}
}
