package daemon

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/auth/gateway"
	"usher/auth/httpauth"
	"usher/internal/httpd"
	"usher/internal/memory"
	"usher/internal/panics"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// TestEveryHandlerPanics has every handler of the daemon panic: each answers with an error that nobody takes for a
// yes, and leaves one line. There is nothing behind them that they could ask.
func TestEveryHandlerPanics(t *testing.T) {
	m := metrics.New("test")
	d := &daemon{metrics: m, rooms: &roomParts{}}
	rooms := &muc.Handler{Service: brokenService(t, m)}
	admission, logins := &httpd.Admission{}, &httpauth.Server{}
	admission.Configure(httpd.AdmissionSettings{Insecure: true, Hosts: []string{"usher"}})
	door := httpDoor(admission, logins, rooms)
	gate := gateway.New(gateway.Options{})
	gate.Configure(gateway.Settings{})
	for _, row := range []struct {
		name, path string // of the request, with its method
		query      string
		handler    http.Handler
	}{
		{"http", "GET /auth/http/", "check_password?user=a&server=b&pass=c", door},
		{"http", "GET /auth/http/", "user_exists?user=a&server=b", door},
		{"http", "GET /auth/basic", "?host=b", door},
		{"http", "POST /auth/json", "?host=b", door},
		{"http", "GET /auth/oauth/userinfo", "?host=b", door},
		{"http", "POST /auth/oauth/token", "?host=b", door},
		{"http", "POST /auth/ticket", "?host=b", door},
		{"http", "GET " + moderation.JoinPath, "?userJID=a%40host&mucJID=b%40muc&nickname=c", door},
		{"http", "GET " + moderation.CreatePath, "?jid=b%40muc", door},
		{"gateway", "GET " + gateway.WebSocketPath, "?token=sesame", gate},
		{"gateway", "GET " + gateway.BOSHPath, "?token=sesame", gate},
		{"metrics", "GET /metrics", "", d.metricsHandler()},
		{"metrics", "GET /readyz", "", d.metricsHandler()},
		{"admin", "GET /status", "", d.adminHandler()},
		{"admin", "POST /reload", "", d.adminHandler()},
		{"admin", "GET /sessions", "", d.adminHandler()},
		{"admin", "POST /sessions/revoke", "?account=a", d.adminHandler()},
		{"admin", "GET /lobby", "", d.adminHandler()},
		{"admin", "GET /lobby/knocks", "", d.adminHandler()},
		{"admin", "POST /lobby/allow", "?jid=a@b", d.adminHandler()},
		{"admin", "POST /lobby/remove", "?jid=a@b", d.adminHandler()},
		{"admin", "POST /lobby/import", "", d.adminHandler()},
		{"admin", "POST /lobby/decide", "?room=a&jid=a@b", d.adminHandler()},
	} {
		t.Run(row.path+row.query, func(t *testing.T) {
			var log bytes.Buffer
			p := panics.New(slog.New(slog.NewTextHandler(&log, nil)), m)
			logins.Panics, gate.Panics, rooms.Panics = p, p, p
			method, path, _ := strings.Cut(row.path, " ")
			r := httptest.NewRequestWithContext(t.Context(), method, "http://usher"+path+row.query, strings.NewReader(`[{"jid":"a@b"}]`))
			if strings.Contains(path, "basic") {
				r.SetBasicAuth("a", "sesame")
			} else if row.name == "http" {
				r.Header.Set("Authorization", "Bearer sesame")
			}
			w := httptest.NewRecorder()
			p.Serve(row.name, w, r, row.handler.ServeHTTP, func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "cannot be decided", 500)
			})
			if w.Code < 500 || strings.Contains(w.Body.String(), "true") {
				t.Errorf("answered %d %q", w.Code, w.Body)
			}
			lines := regexp.MustCompile(`(?m)^.*msg=panic .*$`).FindAllString(log.String(), -1)
			if len(lines) != 1 || !strings.Contains(lines[0], "door="+row.name+" ") ||
				!strings.Contains(lines[0], path) || strings.Contains(lines[0], "sesame") {
				t.Errorf("the log says %s", log.String())
			}
		})
	}
}

// brokenService panics when it decides, as its sessions ask what time it is.
func brokenService(t *testing.T, m *metrics.Metrics) *muc.Service {
	t.Helper()
	policy, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "host", MUC: []string{"muc"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	armed := false
	s := moderationtest.Start(t, memory.New(), policy, sessions.Options{Metrics: m, Now: func() time.Time {
		if armed {
			panic("sesame")
		}
		return time.Unix(1_800_000_000, 0)
	}})
	armed = true
	asked := unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(), Policy: s.Policy, Metrics: m})
	return muc.New(muc.Options{Sessions: s, Unasked: asked, Metrics: m})
}

// TestOneRecovery: whatever recovers, leaves a line and a count, as there is one way to do it. The bridge's
// standard error may be Prosody's terminal, and key sources are no door.
func TestOneRecovery(t *testing.T) {
	out, err := exec.Command("grep", "-rlE", `[^.]recover\(\)`, "--include=*.go", "--exclude=*_test.go", "../../auth", "../../cmd", "../../internal", "../../moderation",
		"../../lobby", "../../metrics").Output()
	if err != nil {
		t.Fatal(err)
	}
	for file := range strings.FieldsSeq(string(out)) {
		switch file {
		case "../../internal/panics/panics.go", "../../internal/panics/http.go", "../../auth/extauth/bridge/bridge.go", "../../auth/keys/source.go":
		default:
			t.Errorf("%s recovers by itself; usher/internal/panics is for that", file)
		}
	}
}

// TestOneReporter: the daemon has one, as each lets one line a second through and counts for itself.
func TestOneReporter(t *testing.T) {
	out, err := exec.Command("grep", "-rnF", "panics.New(", "--include=*.go", "--exclude=*_test.go", "../../auth",
		"../../cmd", "../../internal", "../../moderation",
		"../../lobby", "../../metrics").Output()
	if err != nil {
		t.Fatal(err)
	}
	if places := strings.Split(strings.TrimSpace(string(out)), "\n"); len(places) != 1 {
		t.Errorf("made in %q", places)
	}
}
