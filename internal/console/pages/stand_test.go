package pages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"usher/auth"
	"usher/internal/admin"
	"usher/internal/cluster"
	"usher/internal/console/access"
	"usher/internal/console/layout"
	"usher/internal/console/route"
	"usher/internal/recent"
	"usher/moderation/unasked"
)

// awkward are names that strangers may have.
func awkward() []string {
	return []string{"Jürgen Größe", "Алёна Кузнецова", "غرفة الاجتماعات", "\u202eevil", `"><script>alert(1)</script>`,
		strings.Repeat("long", 50), "{{.}}", "a\tb\x00c", "'onmouseover=x"}
}

func nameOf(i int) string { return awkward()[i%len(awkward())] }

// A standAPI answers as it was told, and keeps what it was asked.
type standAPI struct {
	mu      sync.Mutex
	answers map[string]any // by method and path, without the query
	failing error
	asked   []string // method, path and query
	bodies  []string
	tell    chan admin.Decision // of Follow
}

func (a *standAPI) Call(_ context.Context, method, path string, body io.Reader, v any) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, method+" "+path)
	if body != nil {
		content, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		a.bodies = append(a.bodies, string(content))
	}
	if a.failing != nil {
		return a.failing
	}
	plain, _, _ := strings.Cut(path, "?")
	answer, known := a.answers[method+" "+plain]
	if !known {
		return fmt.Errorf("nobody answers %s %s", method, plain)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// questions are what was asked so far.
func (a *standAPI) questions() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.asked)
}

// fail has all questions fail from now on.
func (a *standAPI) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failing = err
}

func (a *standAPI) Follow(ctx context.Context, _ string, each func(admin.Decision) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-a.tell:
			if err := each(d); err != nil {
				return err
			}
		}
	}
}

func (a *standAPI) set(what string, answer any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[what] = answer
}

// last is the last question whose method is POST.
func (a *standAPI) lastChange() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.asked) - 1; i >= 0; i-- {
		if strings.HasPrefix(a.asked[i], "POST ") {
			return a.asked[i]
		}
	}
	return ""
}

// full is an API of a busy daemon, with so many rows of everything.
func full(rows int) *standAPI {
	at := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	a := &standAPI{answers: map[string]any{}, tell: make(chan admin.Decision)}
	var sessions []admin.Session
	var revoked []admin.Revoked
	var knocks []admin.Knock
	var listed []admin.Listed
	var changes []admin.Change
	var decisions []admin.Decision
	var points []admin.HistoryPoint
	uid := uint32(0)
	for i := range rows {
		jid := fmt.Sprintf("%d-%s@meet.example.com", i, nameOf(i))
		room := fmt.Sprintf("%d-%s@conference.meet.example.com", i, nameOf(i+2))
		sessions = append(sessions, admin.Session{ID: fmt.Sprint(i), Account: jid, User: nameOf(i + 1), DisplayName: nameOf(i),
			Token: "9f86d081884c7d659a2feaa0c55ad015", Issuer: "my-app", Rooms: []string{room}, Regex: i%2 == 0, Moderator: i%3 == 0,
			LoggedIn: at, Expires: at.Add(time.Hour), InRooms: []string{room}})
		revoked = append(revoked, admin.Revoked{Host: "meet.example.com", Issuer: "my-app", User: nameOf(i), At: at})
		knocks = append(knocks, admin.Knock{ID: fmt.Sprintf("%032x", i), Room: room, JID: jid, Name: nameOf(i), First: at, Last: at,
			Count: i})
		listed = append(listed, admin.Listed{Entry: admin.Entry{JID: jid, Room: nameOf(i), Note: nameOf(i + 1), Until: at}, Fixed: i%5 == 0})
		changes = append(changes, admin.Change{Time: at, UID: &uid, User: nameOf(i), Command: "sessions revoke", Target: jid,
			Done: i%2 == 0, Why: nameOf(i)})
		decisions = append(decisions, decisionOf(i, at))
	}
	for i := range 60 {
		points = append(points, admin.HistoryPoint{From: at.Add(time.Duration(i) * time.Minute), Until: at, Logins: i * 7, Joins: i,
			LoginsRefused: map[string]int{"expired": i, "bad_signature": 60 - i}, JoinsRefused: map[string]int{"lobby": i % 4}})
	}
	a.answers = map[string]any{
		"GET /sessions/search": part(sessions), "GET /sessions/revoked/search": part(revoked), "GET /lobby": listed,
		"GET /lobby/knocks/part": part(knocks), "GET /lobby/search": part(listed), "GET /lobby/knocks/version": 1,
		"GET /audit": changes, "GET /decisions": decisions[:min(len(decisions), 9)], "GET /history": admin.History{Points: points},
		"GET /status": crowded(statusOf(at), rows), "GET /cluster": admin.ClusterAnswer{Report: cluster.Report{Node: "a", Cell: "one",
			Nodes: []cluster.NodeReport{{Node: "a", Lives: true}, {Node: nameOf(3), Problem: "gone"}}, Problems: []string{"late"}}},
		"GET /sessions/revoke": previewOf(),
		"POST /explain":        reportOf(),
	}
	return a
}

// part is the first page of a list.
func part[T any](list []T) admin.Found[T] {
	return admin.Found[T]{All: len(list), Found: len(list), List: list[:min(len(list), onAPage)]}
}

func decisionOf(i int, at time.Time) admin.Decision {
	d := admin.Decision{Time: at.Add(time.Duration(i) * time.Second), About: recent.Login, LoginID: 1, Door: "gateway", Result: "denied",
		Reason: "expired", Host: "meet.example.com", Issuer: "my-app", Name: nameOf(i), Room: nameOf(i + 1),
		Person: "The token has expired.", Cause: "It was made too long ago.", Mend: "Ask for a new link."}
	for n := range 18 {
		d.Checks = append(d.Checks, auth.CheckLine{Name: fmt.Sprintf("check_%d", n), OK: n < 5, Skipped: n > 9,
			Detail: "expired: exp was 2026-11-24T10:00:00Z, now is 2026-11-24T11:30:00Z, leeway 10s; " + nameOf(n)})
	}
	return d
}

func statusOf(at time.Time) admin.Status {
	return admin.Status{Version: "1.0", PID: 7, Uptime: 4000, Config: "/etc/usher/usher.yaml", NotReady: []string{"starting"},
		LastReload: &admin.LastReload{Time: at, Error: "usher.yaml:12:5: error: unknown key", Problems: []string{
			"usher.yaml:12:5: error: unknown key", "usher.yaml:14:3: error: no number"}, Tries: 2, RetryAt: at},
		Warnings: []string{nameOf(4)}, Listeners: map[string]string{"http": "127.0.0.1:8280", "admin": "/run/usher/admin.sock"},
		Connections: map[string]admin.Counts{"http": {Open: 1, Most: 100, Closed: 2}}, Shortage: "LimitNOFILE is too low",
		Component: &admin.Component{JID: "usher.meet.example.com", Address: "127.0.0.1:5347", Problem: "Prosody is away"},
		State:     &admin.State{Path: "/var/lib/usher/usher.db", FileBytes: 1 << 20, Stuck: true, Refused: "full", Problem: "full"},
		Hosts: []admin.Host{{Host: "meet.example.com", Relay: &admin.Relay{Text: "refused", Mend: "set app_secret"},
			Issuers: []admin.Issuer{{Issuer: "my-app", Source: "jwks", URL: "https://id.example.com/keys", Keys: 2,
				Names: []string{"one", nameOf(4)}, LastSuccess: at, LastFailure: at, Error: "timeout", Skipped: []string{nameOf(4)}},
				{Issuer: "other", Source: "files", Problem: "no key"}},
			MUC:    []admin.MUC{{MUC: "conference.meet.example.com", Joins: unasked.Missing, Account: nameOf(4), Room: nameOf(2), Since: at}},
			Unseen: []admin.UnseenClaim{{Claim: "context.user.moderator", Since: at}}}, {Host: "other.example.com"}}}
}

// crowded is a status with many of everything.
func crowded(s admin.Status, n int) admin.Status {
	for i := range n {
		h := s.Hosts[0]
		h.Host = fmt.Sprintf("host%d.example.com", i)
		s.Hosts = append(s.Hosts, h)
		s.Warnings = append(s.Warnings, "usher.yaml:1:2: warning: "+nameOf(i))
		s.NotReady = append(s.NotReady, "host "+h.Host+": issuer my-app: no key")
		s.LastReload.Problems = append(s.LastReload.Problems, "usher.yaml:1:2: error: "+nameOf(i))
	}
	return s
}

func reportOf() admin.Report {
	return admin.Report{Reason: "expired", Checks: decisionOf(0, time.Now()).Checks, Inner: &auth.InnerReport{
		Claims: json.RawMessage(`{"iss":"x` + nameOf(3) + `"}`), LeftOut: []auth.LeftOut{{Claim: nameOf(4), Why: "not known"}}}}
}

// empty is an API of a daemon where nothing has happened.
func empty() *standAPI {
	a := full(0)
	a.answers["GET /status"] = admin.Status{Version: "1.0", Ready: true, Listeners: map[string]string{}}
	a.answers["GET /cluster"] = admin.ClusterAnswer{Alone: true}
	a.answers["GET /history"] = admin.History{Off: true}
	return a
}

// A stand is pages over an API, as the server serves them.
type stand struct {
	api    *standAPI
	pages  *Pages
	mux    *http.ServeMux
	viewer access.Viewer
}

func newStand(api *standAPI) *stand {
	p := New(Options{API: api, Layout: layout.New(time.UTC, nil)})
	s := &stand{api, p, http.NewServeMux(), access.Viewer{Operator: true, User: nameOf(4), UID: new(uint32)}}
	for _, r := range p.Routes() {
		if r.Serve != nil {
			s.mux.HandleFunc(r.Pattern, r.Serve)
		}
	}
	look := NewLook(layout.New(time.UTC, nil), nil)
	s.mux.HandleFunc("POST /leave", nothing)
	s.mux.HandleFunc("POST /enter", nothing)
	s.mux.HandleFunc("GET /enter", func(w http.ResponseWriter, r *http.Request) {
		look.Enter(w, r, route.EnterPage{Status: 403, Problem: "This link was used already.", Left: true, Ended: true, SignIn: "/login"})
	})
	s.mux.HandleFunc("GET /error", func(w http.ResponseWriter, r *http.Request) { look.Error(w, r, 403, "This page is not for you.") })
	s.mux.HandleFunc("GET /misdirected", func(w http.ResponseWriter, r *http.Request) { look.Error(w, r, 421, "Another name.") })
	return s
}

func nothing(http.ResponseWriter, *http.Request) {}

func (s *stand) get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	return s.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
}

// post sends a form as the server hands it on: parsed.
func (s *stand) post(t *testing.T, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(t, r)
}

func (s *stand) do(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	if err := r.ParseMultipartForm(1 << 20); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(access.NewContext(r.Context(), s.viewer)))
	return w
}

// follow does a GET of where an answer leads.
func (s *stand) follow(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return s.get(t, w.Header().Get("Location")).Body.String()
}

func tree(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// readable is what people read of a page, with one space between words.
func readable(t *testing.T, page string) string {
	t.Helper()
	var words []string
	for n := range tree(t, page).Descendants() {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func previewOf() admin.RevokeAnswer {
	a := admin.RevokeAnswer{Component: true, Shared: true}
	a.Sessions, a.Persons, a.NoIssuedAt = 3, 2, true
	a.Accounts, a.Users = awkward(), []string{"Alice of my-app at meet.example.com"}
	a.Names, a.Rooms, a.Tokens = awkward(), awkward(), []string{"9f86d081884c7d659a2feaa0c55ad015"}
	return a
}
