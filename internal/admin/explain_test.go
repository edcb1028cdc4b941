package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/auth"
	"usher/internal/explain"
	"usher/moderation/sessions"
)

// standExplainer keeps what it was asked.
type standExplainer struct{ asked explain.Question }

func (e *standExplainer) ExplainToken(_ context.Context, q explain.Question) auth.Report {
	e.asked = q
	return auth.Report{Reason: auth.ReasonExpired, Checks: []auth.CheckLine{{Name: "time", Detail: "too old"}}}
}

// TestExplain: the token is in the body alone, and nothing of it stays: no line of the audit, nothing in the answer.
func TestExplain(t *testing.T) {
	m, audit := audited(stand{})
	e := &standExplainer{}
	m.server.Explainer = e
	ask := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		m.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, ExplainPath, strings.NewReader(body)))
		return w
	}
	w := ask(http.MethodPost, `{"text":"x.y.z","host":"h","user":"u","room":"r"}`)
	var r Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || r.Reason != auth.ReasonExpired || r.Allowed {
		t.Errorf("%v: %s", err, w.Body)
	}
	if want := (explain.Question{Text: "x.y.z", Host: "h", User: "u", Room: "r"}); e.asked != want {
		t.Errorf("asked %+v", e.asked)
	}
	if list := audit.List(); len(list) > 0 || strings.Contains(w.Body.String(), "x.y.z") {
		t.Errorf("kept: %+v, %s", list, w.Body)
	}
	if Verdict(r) != "refused: expired: "+auth.ReasonExpired.ClientText() {
		t.Error(Verdict(r))
	}
	e.asked = explain.Question{}
	for _, body := range []string{"", "x.y.z", `{"text":"` + strings.Repeat("a", maxExplainQuestion) + `"}`} {
		if w := ask(http.MethodPost, body); w.Code != http.StatusBadRequest || e.asked.Text != "" {
			t.Errorf("%.20q: status %d", body, w.Code)
		}
	}
	if w := ask(http.MethodGet, ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", w.Code)
	}
}

// standRevoker tells what it would do.
type standRevoker struct {
	stand
	revoked sessions.Revoked
	err     error
	asked   sessions.Target
}

func (s *standRevoker) Preview(_ context.Context, t sessions.Target) (sessions.Revoked, error) {
	s.asked = t
	return s.revoked, s.err
}

// TestPreview: what a revocation would do is a question: nothing is done, and the audit has nothing of it.
func TestPreview(t *testing.T) {
	for _, c := range []struct {
		query   string
		revoked sessions.Revoked
		err     error
		want    string
	}{
		{"account=alice@h", sessions.Revoked{Sessions: 2, Persons: 1}, nil, `"sessions":2`},
		{"account=alice@h", sessions.Revoked{Sessions: 2, Persons: 2}, nil, `"shared":true`},
		{"account=bob", sessions.Revoked{}, sessions.ErrNoSuchSession, `"unknown":true`},
		{"user=bob", sessions.Revoked{}, sessions.ErrNoIssuer, `"problem":"no such host or issuer is configured"`},
		{"", sessions.Revoked{}, nil, `"problem":"give one of`},
	} {
		m, audit := audited(stand{})
		m.server.Revoker = &standRevoker{revoked: c.revoked, err: c.err}
		w := httptest.NewRecorder()
		m.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/sessions/revoke?"+c.query, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) || len(audit.List()) > 0 {
			t.Errorf("%s: status %d, %s, %+v", c.query, w.Code, w.Body, audit.List())
		}
	}
}

// TestHistory: without a console nobody counts, which is said.
func TestHistory(t *testing.T) {
	m, _ := audited(stand{})
	w := httptest.NewRecorder()
	m.mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, HistoryPath, nil))
	if got := strings.TrimSpace(w.Body.String()); got != `{"off":true,"points":[]}` {
		t.Error(got)
	}
}
