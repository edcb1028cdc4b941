package httpauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/panics"
)

// userExistsURL is a question of mod_auth_http.
const userExistsURL = "/auth/http/user_exists?user=alice&server=" + host + "&key=" + secret

// questions are good requests to every endpoint that answers about accounts.
func questions(t testing.TB) map[string]call {
	token := authtest.Token(t, authtest.Claims(host, nil))
	all := map[string]call{"user_exists": {method: "GET", url: userExistsURL}}
	for door, ask := range asks {
		all[door] = ask("alice", token, host)
		if door == DoorHTTP {
			c := all[door]
			c.url += "&key=" + secret
			all[door] = c
		}
	}
	return all
}

// expectOneNo wants a refusal that is the whole answer: nothing was said before it or after it.
func expectOneNo(t *testing.T, what string, got *httptest.ResponseRecorder, status int) {
	t.Helper()
	expectNo(t, what, got)
	if got.Code != status {
		t.Errorf("%s: %d, want %d", what, got.Code, status)
	}
	body := got.Body.String()
	if body == no || status == 404 || status == 405 {
		return
	}
	var refusal struct{ Error string }
	d := json.NewDecoder(strings.NewReader(body))
	if err := d.Decode(&refusal); err != nil || refusal.Error == "" {
		t.Errorf("%s: %q is no refusal: %v", what, body, err)
	} else if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Errorf("%s: more than a refusal: %q", what, body)
	}
}

// TestMalformedAtEveryEndpoint: a good login with a parameter that should not be there, or that two readers may
// read differently, is none at any endpoint.
func TestMalformedAtEveryEndpoint(t *testing.T) {
	for what, more := range map[string]string{
		"an unknown parameter": "&x=1", "a duplicate": "&host=" + host + "&host=" + host,
		"a server twice": "&server=a&server=b", "a semicolon": "&x;y=1", "a bad escape": "&x=%zz",
	} {
		for endpoint, c := range questions(t) {
			w := newWorld(t)
			c.url += more
			expectOneNo(t, endpoint+": "+what, c.do(w), 400)
			if log := w.log.String(); !strings.Contains(log, "reason=malformed_request") || strings.Contains(log, "reason=ok") {
				t.Errorf("%s: %s: the log says %s", endpoint, what, log)
			}
		}
	}
}

// TestMissing: a parameter that is there without a value is as if it were not there.
func TestMissing(t *testing.T) {
	w := newWorld(t)
	token := authtest.Token(t, authtest.Claims(host, nil))
	check, exists := "/auth/http/check_password?key="+secret+"&", "/auth/http/user_exists?key="+secret+"&"
	tokenURL, grant := "/auth/oauth/token?host="+host+"&key="+secret, "grant_type=password&"
	for what, c := range map[string]call{
		"user":               {method: "GET", url: check + form("user", "", "server", host, "pass", token)},
		"server":             {method: "GET", url: check + form("user", "alice", "server", "", "pass", token)},
		"pass":               {method: "GET", url: check + form("user", "alice", "server", host, "pass", "")},
		"user_exists' user":  {method: "GET", url: exists + form("user", "", "server", host)},
		"not UTF-8":          {method: "GET", url: check + form("user", "alice\xff", "server", host, "pass", token)},
		"Basic's name":       asks[DoorHTTPAsync]("", token, host),
		"JSON's name":        asks[DoorCustomHTTP]("", token, host),
		"a grant's username": {method: "POST", url: tokenURL, body: grant + form("username", "", "password", token)},
		"a grant's password": {method: "POST", url: tokenURL, body: grant + form("username", "alice", "password", "")},
	} {
		expectOneNo(t, what, c.do(w), 400)
	}
}

// TestBodyBound: a body may have as many bytes as the bound says; of one with more nothing counts, although what
// was read of it is a good login.
func TestBodyBound(t *testing.T) {
	token := authtest.Token(t, authtest.Claims(host, nil))
	for _, bound := range []int64{0, 4 << 10} { // zero is the default
		most := 128 << 10
		if bound > 0 {
			most = int(bound)
		}
		for _, door := range []string{DoorCustomHTTP, "token"} {
			for over := range 2 {
				w := newWorld(t)
				w.door.MaxBody = bound
				c := asks[door]("alice", token, host)
				filling := " "
				if door == "token" {
					c.body, filling = strings.Replace(c.body, "&scope=openid", "", 1)+"&scope=", "x"
				}
				c.body += strings.Repeat(filling, most-len(c.body)+over)
				got := c.do(w)
				if over > 0 {
					expectOneNo(t, door, got, 400)
				} else if !readers[readBy[door]](got.Code, got.Body.String()) {
					t.Errorf("%s, %d bytes: %d %s", door, len(c.body), got.Code, got.Body)
				}
			}
		}
	}
}

// TestRefusals: what a module or an operator's script tells refusals by.
func TestRefusals(t *testing.T) {
	forged := authtest.TokenBy(t, strings.Repeat("another secret ", 5), authtest.Claims(host, nil))
	grant := asks["token"]("alice", forged, host)
	other := grant
	other.body = strings.Replace(grant.body, "grant_type=password", "grant_type=client_credentials", 1)
	twice := grant
	twice.body += "&username=bob"
	register := call{url: "/auth/http/register?key=" + secret}
	for what, row := range map[string]struct {
		c      call
		method string
		status int
		error  string // RFC 6749's
		asks   bool   // for credentials
	}{
		"a denial, check_password": {asks[DoorHTTP]("alice", forged, host), "GET", 403, "", false},
		"a denial, basic":          {asks[DoorHTTPAsync]("alice", forged, host), "GET", 403, "", false},
		"a denial, JSON":           {asks[DoorCustomHTTP]("alice", forged, host), "POST", 403, "", false},
		"a denial, userinfo":       {asks[DoorOAuth]("alice", forged, host), "GET", 401, "invalid_token", true},
		"a denial, ticket":         {asks[DoorTicket]("alice", forged, host), "POST", 401, "invalid_token", true},
		"a denial, grant":          {grant, "POST", 400, "invalid_grant", false},
		"another grant":            {other, "POST", 400, "unsupported_grant_type", false},
		"a grant twice":            {twice, "POST", 400, "invalid_request", false},
		"register by GET":          {register, "GET", 501, "", false},
		"register by POST":         {register, "POST", 501, "", false},
		"register by PUT":          {register, "PUT", 405, "", false},
	} {
		row.c.method = row.method
		got := row.c.do(newWorld(t))
		expectOneNo(t, what, got, row.status)
		if row.error != "" && !strings.Contains(got.Body.String(), `"error":"`+row.error+`"`) {
			t.Errorf("%s: %s", what, got.Body)
		}
		if asks := got.Header().Get("WWW-Authenticate") != ""; asks != row.asks {
			t.Errorf("%s: %v", what, got.Header())
		}
	}
}

// trusting is an authenticator that lets everybody in, also where there is nothing to decide.
type trusting struct{ broken }

func (trusting) Authenticate(context.Context, auth.Credentials) (auth.Identity, error) {
	return auth.Identity{Host: host, Account: "alice"}, nil
}

// TestProblemIsNeverAYes: a request that cannot be read is refused whatever is decided about it.
func TestProblemIsNeverAYes(t *testing.T) {
	var log syncBuffer
	door := &Server{Auth: trusting{}, Panics: panics.New(slog.New(slog.NewTextHandler(&log, nil)), nil)}
	protected := admitted(door, nil)
	for endpoint, c := range questions(t) {
		c.url += "&x=1"
		got := c.do(protected)
		if expectNo(t, endpoint, got); got.Code != 503 {
			t.Errorf("%s: %d", endpoint, got.Code)
		}
	}
	if text := log.String(); text != "" {
		t.Errorf("refused by a panic: %s", text)
	}
}

// TestPathsInTheLog: of a path that a client made up nothing stands in the log, whatever breaks.
func TestPathsInTheLog(t *testing.T) {
	var log syncBuffer
	door := &Server{Auth: broken{panics: true}, Panics: panics.New(slog.New(slog.NewTextHandler(&log, nil)), nil)}
	call{method: "POST", url: "/auth/http/made-up?key=" + secret}.do(admitted(door, nil))
	if text := log.String(); !strings.Contains(text, "path=/auth/http/ ") || strings.Contains(text, "made-up") {
		t.Errorf("the log says %s", text)
	}
	r := httptest.NewRequest("GET", "/auth/made-up", nil)
	if door.ServeHTTP(httptest.NewRecorder(), r); r.Pattern != "unknown" {
		t.Errorf("the pattern is %q", r.Pattern)
	}
}
