package httpauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/internal/panics"
)

// readers are the modules' own rules for a yes, each by its source.
var readers = map[string]func(status int, body string) bool{
	"mod_auth_http":        func(status int, body string) bool { return status == 200 && body == "true" },
	"mod_auth_http_async":  func(status int, _ string) bool { return status >= 200 && status <= 299 },
	"mod_auth_custom_http": func(_ int, body string) bool { return body == "true" },
	"mod_auth_oauth_external, userinfo": func(status int, body string) bool {
		var v map[string]any
		_ = json.Unmarshal([]byte(body), &v)
		_, named := v["preferred_username"].(string)
		return status >= 200 && status < 300 && named
	},
	"mod_auth_oauth_external, token": func(status int, body string) bool {
		var v map[string]any
		_ = json.Unmarshal([]byte(body), &v)
		kind, _ := v["token_type"].(string)
		return status >= 200 && status < 300 && strings.EqualFold(kind, "bearer")
	},
	"set_password": func(status int, _ string) bool { return status == 200 || status == 201 || status == 204 },
}

// readBy names the module that asks at each door.
var readBy = map[string]string{
	DoorHTTP: "mod_auth_http", DoorHTTPAsync: "mod_auth_http_async", DoorCustomHTTP: "mod_auth_custom_http",
	DoorOAuth: "mod_auth_oauth_external, userinfo", "token": "mod_auth_oauth_external, token",
}

// expectNo wants a refusal that no module can take for anything else.
func expectNo(t *testing.T, what string, w *httptest.ResponseRecorder) {
	t.Helper()
	for module, yes := range readers {
		if yes(w.Code, w.Body.String()) {
			t.Errorf("%s: %s reads %d %q as a yes", what, module, w.Code, w.Body)
		}
	}
	if h := w.Header(); h.Get("Content-Type") == "" || h.Get("Cache-Control") != "no-store" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: headers %v", what, h)
	}
}

func TestYes(t *testing.T) {
	w := newWorld(t)
	token := authtest.Token(t, authtest.Claims(host, nil))
	for door, module := range readBy {
		for _, h := range []string{host, "MEET.example.com"} {
			if got := asks[door]("alice", token, h).do(w); !readers[module](got.Code, got.Body.String()) {
				t.Errorf("%s: %d %s", door, got.Code, got.Body)
			}
		}
	}
}

// polyglot wraps a validly signed token in the JSON serialisation, with outer
// members that a careless library reads for claims.
func polyglot(token string) string {
	parts := strings.Split(token, ".")
	b, _ := json.Marshal(map[string]any{"payload": parts[1], "protected": parts[0], "signature": parts[2],
		"context": map[string]any{"user": map[string]any{"id": "admin"}}, "moderator": true})
	return string(b)
}

func TestNo(t *testing.T) {
	w := newWorld(t)
	good := authtest.Token(t, authtest.Claims(host, nil))
	forged := authtest.TokenBy(t, strings.Repeat("another secret ", 5), authtest.Claims(host, nil))
	for door, ask := range asks {
		for what, c := range map[string]call{
			"a forged token":     ask("alice", forged, host),
			"an expired token":   ask("alice", authtest.Token(t, authtest.Claims(host, map[string]any{"exp": 1})), host),
			"a foreign host":     ask("alice", good, "other.example.com"),
			"another's sub":      ask("alice", authtest.Token(t, authtest.Claims("other.example.com", nil)), host),
			"polyglot JSON":      ask("admin", polyglot(good), host),
			"nothing":            ask("alice", "", host),
			"true":               ask("alice", "true", host),
			"a token cut short":  ask("alice", good[:len(good)-1], host),
			"a padded signature": ask("alice", good+"=", host),
		} {
			expectNo(t, door+": "+what, c.do(w))
		}
		if door == DoorOAuth || door == DoorTicket {
			continue // these tell the account, the client does not
		}
		expectNo(t, door+": a foreign account", ask("bob", good, host).do(w))
		nameless := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil}))
		expectNo(t, door+": a token without account", ask("alice", nameless, host).do(w))
	}
	if log := w.log.String(); !strings.Contains(log, "reason=account_mismatch") || !strings.Contains(log, "door=custom_http") {
		t.Error("the refusals are not logged with door and reason")
	}
}

func TestUserExists(t *testing.T) {
	w := newWorld(t)
	c := call{method: "GET", url: "/auth/http/user_exists?user=alice&server=" + host + "&key=" + secret}
	expectNo(t, "before the login", c.do(w))
	asks[DoorHTTP]("alice", authtest.Token(t, authtest.Claims(host, nil)), host).do(w)
	if got := c.do(w); got.Code != 200 || got.Body.String() != "true" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// unloaded are sessions of which not all are there.
type unloaded struct{ *authtest.Sessions }

func (unloaded) Await(context.Context) error { return errors.New("not all sessions are loaded") }

// TestUserExistsUndecided: where it cannot be told the answer is neither yes nor no.
func TestUserExistsUndecided(t *testing.T) {
	v, err := auth.New(authtest.Config(host), auth.Options{Sessions: unloaded{authtest.NewSessions(nil)}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{verifier: v, door: &Server{Auth: v}}
	w.Handler = admitted(w.door, slog.New(slog.DiscardHandler))
	c := call{method: "GET", url: "/auth/http/user_exists?user=alice&server=" + host + "&key=" + secret}
	if got := c.do(w); got.Code != 503 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

// TestOAuthAsTheModuleDoes: the password grant, then userinfo with what it
// gave, once.
func TestOAuthAsTheModuleDoes(t *testing.T) {
	w := newWorld(t)
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"context": map[string]any{"user": map[string]any{"id": "Eve@gmail.com"}}}))
	got := asks["token"]("Eve@gmail.com", token, host).do(w) // the module has unescaped the name
	var grant struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Life  int    `json:"expires_in"`
	}
	if err := json.Unmarshal(got.Body.Bytes(), &grant); err != nil || grant.Type != "Bearer" || grant.Life != 60 || !auth.IsTicket(grant.Token) {
		t.Fatalf("%d %s: %v", got.Code, got.Body, err)
	}
	info := asks[DoorOAuth]("", grant.Token, host).do(w)
	if want := `{"sub":"eve\\40gmail.com@meet.example.com","preferred_username":"eve@gmail.com"}` + "\n"; info.Code != 200 || info.Body.String() != want {
		t.Errorf("%d %s", info.Code, info.Body)
	}
	again := asks[DoorOAuth]("", grant.Token, host).do(w)
	if expectNo(t, "the access token again", again); !strings.Contains(again.Body.String(), "invalid_token") || again.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v %s", again.Code, again.Header(), again.Body)
	}
}

// TestTicketAtEveryDoor: made once, used once.
func TestTicketAtEveryDoor(t *testing.T) {
	w := newWorld(t)
	nameless := authtest.Token(t, authtest.Claims(host, map[string]any{"context": nil}))
	for door, module := range readBy {
		made := asks[DoorTicket]("", nameless, host).do(w)
		var ticket struct {
			Account, JID, Ticket string
			Seconds              int `json:"expires_in"`
		}
		if err := json.Unmarshal(made.Body.Bytes(), &ticket); err != nil || made.Code != 200 || ticket.JID != ticket.Account+"@"+host || ticket.Seconds != 60 {
			t.Fatalf("%d %s: %v", made.Code, made.Body, err)
		}
		c := asks[door](ticket.Account, ticket.Ticket, host)
		if got := c.do(w); !readers[module](got.Code, got.Body.String()) {
			t.Errorf("%s: %d %s", door, got.Code, got.Body)
		}
		expectNo(t, door+" again", c.do(w))
	}
}

// broken is an authenticator at its worst.
type broken struct{ panics bool }

func (b broken) Authenticate(context.Context, auth.Credentials) (auth.Identity, error) {
	if b.panics {
		panic("with a secret")
	}
	return auth.Identity{}, nil
}

func (b broken) IssueTicket(ctx context.Context, c auth.Credentials) (auth.Ticket, error) {
	_, _ = b.Authenticate(ctx, c)
	return auth.Ticket{}, errors.New("no refusal")
}

func (b broken) Exists(context.Context, string, string) (bool, error) { panic("with a secret") }

func TestBrokenAuthenticator(t *testing.T) {
	for _, b := range []broken{{true}, {false}} {
		var log syncBuffer
		s := &Server{Auth: b, Panics: panics.New(slog.New(slog.NewTextHandler(&log, nil)), nil)}
		protected := admitted(s, nil)
		for door, ask := range asks {
			got := ask("alice", "token", host).do(protected)
			if expectNo(t, door, got); got.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", door, got.Code)
			}
			path, _, _ := strings.Cut(ask("", "", "").url, "?")
			if path = strings.TrimSuffix(path, "check_password"); b.panics != strings.Contains(log.String(), "msg=panic door=http path="+path) {
				t.Errorf("%s: the log says %s", door, log.String())
			}
		}
		if strings.Contains(log.String(), "secret") {
			t.Errorf("the log says %s", log.String())
		}
		expectNo(t, "user_exists", call{method: "GET", url: "/auth/http/user_exists?user=a&server=b&key=" + secret}.do(protected))
	}
}

// TestRecordedRequests plays what was recorded from the real modules, where
// the recordings are.
func TestRecordedRequests(t *testing.T) {
	token := authtest.Token(t, authtest.Claims(host, nil))
	paths := map[string]string{
		"mod_auth_http": "", "mod_auth_http_async": "/auth/basic", "mod_auth_custom_http": "/auth/json", "mod_auth_oauth_external": "/auth/oauth/token",
	}
	for module, path := range paths {
		text, err := os.ReadFile("../../../shared/wire/" + module + ".http")
		if errors.Is(err, os.ErrNotExist) {
			t.Skip("the recordings are not here")
		}
		recorded := string(text)
		old := regexp.MustCompile(`Basic \S+`).FindString(recorded)
		recorded = strings.NewReplacer("TOKEN.WITH.DOTS", token, "example.test", host, "/auth/check", "/auth/http/check").Replace(recorded)
		if old != "" {
			recorded = strings.Replace(recorded, old, basicAuth("alice", token), 1)
		}
		recorded = regexp.MustCompile(`Content-Length: \d+`).ReplaceAllString(recorded, "Content-Length: 100000")
		r, err := readRecorded(recorded)
		if err != nil {
			t.Fatal(err)
		}
		body, _, _ := strings.Cut(readAll(r.Body), "\r\n---")
		c := call{method: r.Method, url: "/auth/http/check_password?" + r.URL.RawQuery + "&key=" + secret, body: body, header: r.Header}
		if path != "" {
			c.url = path + "?host=" + host + "&key=" + secret
		}
		reader := module
		if module == "mod_auth_oauth_external" {
			reader += ", token"
		}
		if got := c.do(newWorld(t)); !readers[reader](got.Code, got.Body.String()) {
			t.Errorf("%s: %d %s", module, got.Code, got.Body)
		}
	}
}

func TestLogsHoldNoSecrets(t *testing.T) {
	w := newWorld(t)
	token := authtest.Token(t, authtest.Claims(host, nil))
	for _, ask := range asks {
		for _, name := range []string{"alice", "bob"} {
			ask(name, token, host).do(w)
			c := ask(name, token, host)
			c.host = "evil.example"
			c.do(w)
		}
	}
	log := w.log.String()
	for _, part := range append(strings.Split(token, "."), secret, "&key", "/auth/", "ut-") {
		if strings.Contains(log, part) {
			t.Errorf("the log holds %q", part)
		}
	}
	if !strings.Contains(log, "not admitted") || strings.Count(log, "not admitted") > 2 {
		t.Errorf("requests that are not admitted: %s", log)
	}
}
