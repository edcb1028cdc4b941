package pages

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/internal/admin"
	"usher/internal/console/layout"
)

// TestActions: what each form has the API do, and what the next page says of it.
func TestActions(t *testing.T) {
	for _, c := range []struct {
		name, path string
		form       url.Values
		answer     any
		asks       string // the API
		says       string
	}{
		{"reload", "/reload", nil, admin.Reload{OK: true, Changes: []string{"hosts: x"}}, "POST /reload", "hosts: x"},
		{"reload refused", "/reload", nil, admin.Reload{Problems: []string{"usher.yaml:1:2: no"}}, "POST /reload",
			"Refused: the old configuration stays in force. usher.yaml:1:2: no"},
		{"admit", "/waiting", url.Values{"room": {"r@c"}, "id": {"0a"}, "admit": {"true"}}, admin.LobbyAnswer{JID: "bob@h", Room: "r@c"},
			"POST /lobby/decide?admit=true&id=0a&room=r%40c", "Admitted. bob@h r@c"},
		{"deny", "/waiting", url.Values{"room": {"r@c"}, "id": {"0a"}, "admit": {"false"}}, admin.LobbyAnswer{JID: "bob@h"},
			"POST /lobby/decide?admit=false&id=0a&room=r%40c", "Denied. bob@h"},
		{"a knock that is gone", "/waiting", url.Values{"room": {"r@c"}, "id": {"0a"}, "admit": {"true"}},
			admin.LobbyAnswer{Problem: "nobody waits like that"}, "POST /lobby/decide?admit=true&id=0a&room=r%40c", "nobody waits like that"},
		{"allow again", "/sessions/allow", url.Values{"by": {"user"}, "of": {"Alice"}, "host": {"h"}, "issuer": {"i"}},
			admin.AllowAnswer{Unknown: true}, "POST /sessions/allow?host=h&issuer=i&user=Alice", "Nothing of this is revoked"},
		{"add", "/whitelist", url.Values{"by": {"jid"}, "who": {" a@h "}, "room": {"board-*"}, "ends": {"8h"}, "note": {"audit"}},
			admin.LobbyAnswer{Warning: "a warning"}, "POST /lobby/allow?jid=a%40h&note=audit&room=board-%2A&ttl=8h",
			"On the whitelist. a@h a warning"},
		{"add until", "/whitelist", url.Values{"by": {"user"}, "who": {"Alice"}, "ends": {"until"}, "until": {"2030-01-02T03:04"}},
			admin.LobbyAnswer{}, "POST /lobby/allow?note=&room=&until=2030-01-02T03%3A04%3A00Z&user=Alice", "On the whitelist."},
		{"remove", "/whitelist/remove", url.Values{"jid": {"a@h"}, "room": {"r"}}, admin.LobbyAnswer{},
			"POST /lobby/remove?jid=a%40h&room=r", "Off the whitelist. a@h"},
		{"remove a user", "/whitelist/remove", url.Values{"jid": {"user:alice"}}, admin.LobbyAnswer{Problem: "no such entry"},
			"POST /lobby/remove?room=&user=alice", "no such entry"},
		{"import", "/whitelist/import", url.Values{"list": {"a@h\nb@h # note"}}, admin.LobbyAnswer{Added: 2},
			"POST /lobby/import?replace=false", "2 on the whitelist, 0 taken off."},
		{"replace", "/whitelist/import", url.Values{"list": {"a@h"}, "replace": {"true"}, "sure": {"true"}},
			admin.LobbyAnswer{Removed: 3}, "POST /lobby/import?replace=true", "3 taken off."},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(full(3))
			path, _, _ := strings.Cut(c.asks, "?")
			s.api.set(path, c.answer)
			next := readable(t, s.follow(t, s.post(t, c.path, c.form)))
			if got := s.api.lastChange(); got != c.asks {
				t.Errorf("the API was asked %s", got)
			}
			if !strings.Contains(next, c.says) {
				t.Errorf("the page does not say %q: %s", c.says, next)
			}
		})
	}
}

// TestNoticeOnce: what came of a change is said once, and by no address that others make up.
func TestNoticeOnce(t *testing.T) {
	s := newStand(full(1))
	s.api.set("POST /reload", admin.Reload{OK: true})
	w := s.post(t, "/reload", nil)
	const said = "nothing has changed"
	if page := s.follow(t, w); !strings.Contains(page, said) {
		t.Error("it is not said")
	}
	if page := s.follow(t, w); strings.Contains(page, said) {
		t.Error("it is said again")
	}
	for range maxNotices + 1 {
		s.pages.notices.put(layout.Notice{Text: "x"})
	}
	if n := s.pages.notices; len(n.byID) != maxNotices || len(n.ids) != maxNotices {
		t.Errorf("%d and %d are kept", len(n.byID), len(n.ids))
	}
}

// TestNothingIsDoneByLooking: no GET has the API change anything.
func TestNothingIsDoneByLooking(t *testing.T) {
	s := newStand(full(5))
	for _, path := range append(shown(), "/whitelist/export") {
		s.get(t, path)
	}
	if got := s.api.lastChange(); got != "" {
		t.Errorf("the API was asked %s", got)
	}
}

// TestRevokeAsks: a revocation is a page that says what will happen, and a form; a shared token wants that all are meant.
func TestRevokeAsks(t *testing.T) {
	s := newStand(full(1))
	page := readable(t, s.get(t, "/sessions/revoke?by=account&of=alice@h").Body.String())
	for _, want := range []string{"3 sessions end", "2 accounts logged in with it", "All of them are meant", "Removed from", "Called: "} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q: %s", want, page)
		}
	}
	form := url.Values{"by": {"account"}, "of": {"alice@h"}}
	s.api.set("POST /sessions/revoke", admin.RevokeAnswer{Shared: true})
	if w := s.post(t, "/sessions/revoke", form); w.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(readable(t, w.Body.String()), "Nothing was done: the token is more than one person's.") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	answer := admin.RevokeAnswer{Component: true}
	answer.Sessions, answer.Accounts, answer.Rooms, answer.At = 1, []string{"alice@h"}, []string{"r@c"}, answer.At.AddDate(2026, 0, 0)
	s.api.set("POST /sessions/revoke", answer)
	form.Set("all", "true")
	next := readable(t, s.follow(t, s.post(t, "/sessions/revoke", form)))
	if got := s.api.lastChange(); got != "POST /sessions/revoke?account=alice%40h&all=true" {
		t.Errorf("the API was asked %s", got)
	}
	if !strings.Contains(next, "Revoked. 1 session ends: alice@h Leaves r@c") {
		t.Error(next)
	}
	s.api.set("GET /sessions/revoke", admin.RevokeAnswer{Unknown: true})
	if w := s.get(t, "/sessions/revoke?by=account&of=bob"); w.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(w.Body.String(), "There is no session of this account") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

// TestTokenStaysNowhere: a token that is pasted is in no log, no address and no page, whatever comes of it.
func TestTokenStaysNowhere(t *testing.T) {
	const token = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.c2lnbmF0dXJl"
	for _, failing := range []error{nil, errors.New("usher does not answer")} {
		var log bytes.Buffer
		s := newStand(full(1))
		s.pages.o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.api.failing = failing
		w := s.post(t, "/explain", url.Values{"token": {"https://meet.example.com/r?jwt=" + token}, "room": {"r"}})
		var out bytes.Buffer
		if err := w.Result().Header.Write(&out); err != nil {
			t.Fatal(err)
		}
		out.Write(w.Body.Bytes())
		out.Write(log.Bytes())
		out.WriteString(strings.Join(s.api.asked, "\n"))
		for part := range strings.SplitSeq(token, ".") {
			if strings.Contains(out.String(), part) {
				t.Errorf("%s is there: %s", part, &out)
			}
		}
		if len(s.api.bodies) != 1 || !strings.Contains(s.api.bodies[0], token) {
			t.Error("nobody was asked")
		}
	}
	s := newStand(full(1))
	if w := s.get(t, "/explain?token="+token); strings.Contains(w.Body.String(), token) || len(s.api.asked) > 0 {
		t.Error("a token in an address is looked at")
	}
}

// TestExport: the file is what the command prints: no entry of the configuration.
func TestExport(t *testing.T) {
	s := newStand(empty())
	s.api.set("GET /lobby", []admin.Listed{{Entry: admin.Entry{JID: "a@h", Note: "x"}}, {Entry: admin.Entry{JID: "b@h"}, Fixed: true}})
	w := s.get(t, "/whitelist/export")
	if w.Body.String() != "a@h # x\n" || !strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%q %v", w.Body, w.Header())
	}
}

// TestSearchAndPages: a page asks for its part of what is searched for, and leads to the next one.
func TestSearchAndPages(t *testing.T) {
	s := newStand(full(2*onAPage + 1))
	page := s.get(t, "/sessions?q=+meet+&page=2&notice=x").Body.String()
	if got, want := s.api.asked[0], "GET /sessions/search?from=30&most=30&text=meet"; got != want {
		t.Errorf("the API was asked %s", got)
	}
	if rows := strings.Count(page, ">Revoke<span"); rows != onAPage || !strings.Contains(page, "/sessions?page=2&amp;q=&#43;meet&#43;\"") {
		t.Errorf("%d rows, and the next page is not that of the search", rows)
	}
	if page := s.get(t, "/audit?page=3").Body.String(); strings.Count(page, "sessions revoke") != 1 {
		t.Error("the last page of three has more than one row")
	}
	for path, want := range map[string]int{"/audit?page=99": 1, "/audit?page=-1": onAPage, "/audit?q=nobody": 0, "/audit?q=1-алёна": 1} {
		if got := strings.Count(s.get(t, path).Body.String(), "sessions revoke"); got != want {
			t.Errorf("%s: %d rows", path, got)
		}
	}
}

// TestLook: the server's own answers are pages like the others, with the navigation for operators alone.
func TestLook(t *testing.T) {
	s := newStand(empty())
	if page := s.get(t, "/misdirected").Body.String(); strings.Contains(page, `class="button" href=`) {
		t.Errorf("the page leads on under a name that nothing is at:\n%s", page)
	}
	if page := s.get(t, "/error").Body.String(); !strings.Contains(page, `href="/sessions"`) {
		t.Error("an operator has no navigation")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/error", nil))
	if page := w.Body.String(); w.Code != http.StatusForbidden || strings.Contains(page, "/sessions") || strings.Contains(page, "/leave") {
		t.Errorf("status %d: a stranger is shown %s", w.Code, page)
	}
}
