package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"usher/internal/cluster"
	"usher/internal/recent"
	"usher/lobby"
	"usher/moderation/sessions"
)

// stand stands for all parts of a daemon: it does what it is told, or nothing, with an error.
type stand struct {
	failing  error
	panicked bool
}

func (s stand) Status(bool) Status { return Status{} }
func (s stand) Reload(context.Context) (Reload, error) {
	if s.failing != nil {
		return Reload{Problems: []string{s.failing.Error()}}, nil
	}
	return Reload{OK: true}, nil
}
func (s stand) Revoke(context.Context, sessions.Target, bool) (sessions.Revoked, error) {
	if s.panicked {
		panic("a fault")
	}
	return sessions.Revoked{}, s.failing
}
func (s stand) Preview(context.Context, sessions.Target) (sessions.Revoked, error) {
	return sessions.Revoked{}, s.failing
}
func (s stand) Allow(context.Context, sessions.Target) (sessions.Allowed, error) {
	return sessions.Allowed{}, s.failing
}
func (s stand) Revocations() []sessions.RevokedPrincipal { return nil }

// Link has none where something fails.
func (s stand) Link(context.Context, *uint32, string) ConsoleLink {
	if s.failing != nil {
		return ConsoleLink{}
	}
	return ConsoleLink{URL: "https://console.example.com/enter#secret"}
}

func (s stand) FindRoom(name string) (string, error)        { return name, nil }
func (s stand) Decide(context.Context, lobby.Verdict) error { return s.failing }
func (s stand) DecideKnock(context.Context, string, string, bool) (string, error) {
	return "a@h", s.failing
}
func (s stand) Report() cluster.Report                            { return cluster.Report{} }
func (s stand) Forget(context.Context, string) error              { return s.failing }
func (s stand) Know(context.Context, bool) (cluster.Known, error) { return cluster.Known{}, nil }

// standList is a whitelist that takes everything, or nothing.
type standList struct{ failing error }

func (l standList) List() []lobby.Listed                         { return nil }
func (l standList) Allow(context.Context, lobby.Entry) error     { return l.failing }
func (l standList) Remove(context.Context, lobby.EntryKey) error { return l.failing }
func (l standList) KnocksPart(int, int) ([]lobby.Knock, int)     { return nil, 0 }
func (l standList) KnocksVersion() uint64                        { return 7 }
func (l standList) Knocks(string) []lobby.Knock                  { return nil }

func audited(s stand) (*routes, *recent.Audit) {
	a := recent.NewAudit(nil, nil)
	return newRoutes(Options{Daemon: s, Await: func(context.Context) error { return nil }, Revoker: s, Whitelist: standList{s.failing},
		Commands: s, MUCs: func() []string { return []string{"conference.h"} }, MembersOnly: func() bool { return false },
		Cluster: s, Console: s, Audit: a, Decisions: recent.NewDecisions(nil),
		Peer: func(context.Context) (uint32, bool) { return 4_000_000, true }}), a
}

// changes are the changes of the API, each with what the audit has of it.
func changes() map[string]recent.Change {
	return map[string]recent.Change{
		"POST /reload": {Command: "reload"},
		"POST /sessions/revoke?account=alice@h&all=true":                        {Command: "sessions revoke", Target: "alice@h"},
		"POST /sessions/allow?user=Alice&host=h&issuer=i":                       {Command: "sessions allow", Target: "--user Alice --host h --issuer i"},
		"POST /lobby/allow?jid=a@h&room=r@conference.h":                         {Command: "lobby allow", Target: "a@h room=r@conference.h"},
		"POST /lobby/remove?user=Alice":                                         {Command: "lobby remove", Target: "user:alice"},
		"POST /lobby/import":                                                    {Command: "lobby import", Target: "1 added, 0 removed"},
		"POST /lobby/decide?room=r@conference.h&jid=a@h":                        {Command: "lobby deny", Target: "r@conference.h a@h"},
		"POST /lobby/decide?room=r@conference.h&id=0123456789abcdef&admit=true": {Command: "lobby admit", Target: "r@conference.h a@h"},
		"POST /console/link":                                                    {Command: "console"},
		"POST /cluster/forget?node=two":                                         {Command: "cluster forget", Target: "two"},
	}
}

// TestEveryChangeIsAudited: whatever can be changed over the socket is one line of the audit, done or refused, with who
// asked; and what has no line changes nothing.
func TestEveryChangeIsAudited(t *testing.T) {
	m, _ := audited(stand{})
	for _, pattern := range m.asked {
		if !strings.HasPrefix(pattern, "GET ") && pattern != "POST /sessions/revoked" && pattern != "POST "+ExplainPath {
			t.Errorf("%s is a question, and looks like a change", pattern)
		}
	}
	tried := map[string]bool{}
	for _, failing := range []error{nil, errors.New("the disk is full")} {
		for request, want := range changes() {
			m, audit := audited(stand{failing: failing})
			method, path, _ := strings.Cut(request, " ")
			pattern, _, _ := strings.Cut(request, "?")
			tried[pattern] = true
			answer := httptest.NewRecorder()
			m.mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(`[{"jid":"a@h"}]`)))
			list := audit.List()
			if len(list) != 1 || answer.Code != http.StatusOK {
				t.Errorf("%s: status %d, %d lines", request, answer.Code, len(list))
				continue
			}
			got := list[0]
			if got.Command != want.Command || got.Done != (failing == nil) || got.UID == nil || *got.UID != 4_000_000 ||
				failing == nil && got.Target != want.Target || failing != nil && got.Why != errNoOrigin.Error() && !strings.Contains(got.Why, failing.Error()) {
				t.Errorf("%s: %+v by %s", request, got, got.By())
			}
		}
	}
	for _, pattern := range m.changed {
		if !tried[pattern] {
			t.Errorf("%s is not tried here", pattern)
		}
	}
}

// TestUnknownPeer: who is not known is not called root.
func TestUnknownPeer(t *testing.T) {
	m, audit := audited(stand{})
	m.server.Peer = func(context.Context) (uint32, bool) { return 0, false }
	m.mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/reload", nil))
	if list := audit.List(); len(list) != 1 || list[0].UID != nil || list[0].By() != "-" {
		t.Errorf("%+v", list)
	}
}

// TestFaultIsAudited: a change that ends with a fault of ours has its line as well.
func TestFaultIsAudited(t *testing.T) {
	m, audit := audited(stand{panicked: true})
	func() {
		defer func() { _ = recover() }()
		m.mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/sessions/revoke?account=a", nil))
	}()
	if list := audit.List(); len(list) != 1 || list[0].Done || list[0].Why == "" {
		t.Errorf("%+v", list)
	}
}

// TestDecisionsAPI: what is wanted of the decisions is read strictly, and a follower is sent them one a line.
func TestDecisionsAPI(t *testing.T) {
	m, _ := audited(stand{})
	for query, status := range map[string]int{
		"": 200, "since=10m": 200, "since=2026-11-28T10:00:00Z": 200, "last=3": 200, "login=0123abcd": 200,
		"since=yesterday": 400, "since=-1m": 400, "last=-1": 400, "last=x": 400, "login=x": 400,
		"door=signin": 200, "door=Gateway": 200, "door=gatway": 400,
		"reason=expired": 200, "reason=ok": 200, "reason=token": 200,
		"reason=lobby": 200, "reason=expird": 400,
	} {
		answer := httptest.NewRecorder()
		m.mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), "GET", DecisionsPath+"?"+query, nil))
		var list []Decision
		if answer.Code != status || status == 200 && json.Unmarshal(answer.Body.Bytes(), &list) != nil {
			t.Errorf("%q: %d %s", query, answer.Code, answer.Body)
		}
	}
}

// TestAuditBounds: neither operators nor moderators push out what the others did, and nothing long is kept.
func TestAuditBounds(t *testing.T) {
	a := recent.NewAudit(nil, nil)
	uid := uint32(0)
	a.Record(t.Context(), recent.Change{UID: &uid, Command: "reload", Done: true})
	for i := range 2_000 {
		a.Decided(t.Context(), "", strings.Repeat("m", 5_000), strings.Repeat("r", 5_000), []string{fmt.Sprint("a", i)}, true, true, nil)
	}
	list := a.List()
	if len(list) != 501 || !slices.ContainsFunc(list, func(c recent.Change) bool { return c.Command == "reload" }) {
		t.Errorf("%d changes", len(list))
	}
	if last := list[len(list)-1]; len(last.Account)+len(last.Target) > 1_000 || last.Command != "lobby admit" || last.UID != nil {
		t.Errorf("%+v", last)
	}
}
