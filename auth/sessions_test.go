package auth_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/metrics"
)

// scriptedSessions answer as the test says.
type scriptedSessions struct {
	err      error
	revoked  map[string]bool
	recorded []auth.Identity

	then       func() // what a login changes
	remembered []string
	resumable  map[string]string
	unloaded   error
}

func (s *scriptedSessions) Record(_ context.Context, id auth.Identity) (func(), error) {
	if s.err == nil {
		s.recorded = append(s.recorded, id)
	}
	return s.then, s.err
}
func (s *scriptedSessions) Await(context.Context) error   { return s.unloaded }
func (s *scriptedSessions) Revoked(id auth.Identity) bool { return s.revoked[id.TokenPrint] }
func (s *scriptedSessions) Exists(string, string, func(string, string) bool) bool {
	return false
}
func (s *scriptedSessions) Remember(_ context.Context, host, account, print, resumption string) error {
	s.remembered = append(s.remembered, host+" "+account+" "+print+" "+resumption)
	return s.err
}
func (s *scriptedSessions) Resumable(host, print, resumption string) (string, bool) {
	account, ok := s.resumable[host+" "+print+" "+resumption]
	return account, ok
}

// TestRecordBeforeAnswer: a login that cannot be recorded is not let in, and
// is told apart from a bad token.
func TestRecordBeforeAnswer(t *testing.T) {
	for want, err := range map[auth.Reason]error{
		"":                          nil,
		auth.ReasonStateUnavailable: errors.New("disk full"),
		auth.ReasonOverloaded:       auth.ErrOverloaded,
		auth.ReasonRevoked:          auth.ErrRevoked,
	} {
		s := &scriptedSessions{err: err}
		v := verifierWith(t, s)
		_, got := v.Authenticate(t.Context(), auth.Credentials{Token: authtest.Token(t, authtest.Claims(sessionHost, nil))})
		if refusal, _ := errors.AsType[*auth.Refusal](got); (refusal == nil) != (want == "") || refusal != nil && refusal.Reason != want {
			t.Errorf("%v: refused for %v, want %q", err, got, want)
		}
	}
}

// TestRevokedToken: the same token is refused, cached or not, whatever its
// account; another one of the same account is not.
func TestRevokedToken(t *testing.T) {
	s := &scriptedSessions{revoked: map[string]bool{}}
	v := verifierWith(t, s)
	token := authtest.Token(t, authtest.Claims(sessionHost, nil))
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: token}); err != nil {
		t.Fatal(err)
	}
	id := s.recorded[0]
	if len(id.TokenPrint) != 32 || len(id.KeyPrint) != 32 {
		t.Fatalf("prints %q and %q", id.TokenPrint, id.KeyPrint)
	}
	s.revoked[id.TokenPrint] = true
	_, err := v.Authenticate(t.Context(), auth.Credentials{Token: token})
	if refusal, _ := errors.AsType[*auth.Refusal](err); refusal == nil || refusal.Reason != auth.ReasonRevoked {
		t.Errorf("the revoked token: %v", err)
	}
	if r := v.Explain(auth.Credentials{Token: token}); r.Allowed || r.Reason != auth.ReasonRevoked {
		t.Errorf("explained as %v, %s", r.Allowed, r.Reason)
	}
	other := authtest.Token(t, authtest.Claims(sessionHost, map[string]any{"jti": "another"}))
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: other}); err != nil {
		t.Errorf("another token: %v", err)
	}
}

const sessionHost = "meet.example.com"

func verifierWith(t *testing.T, s auth.Sessions) *auth.Verifier {
	t.Helper()
	v, err := auth.New(authtest.Config(sessionHost), auth.Options{Sessions: s})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// counter returns the value of one series.
func counter(t *testing.T, m *metrics.Metrics, name, label, value string) float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, series := range f.GetMetric() {
			for _, l := range series.GetLabel() {
				if l.GetName() == label && l.GetValue() == value {
					return series.GetCounter().GetValue()
				}
			}
		}
	}
	t.Errorf("no series %s{%s=%q}", name, label, value)
	return 0
}

// exists is Exists where nothing is to be waited for.
func exists(t *testing.T, v interface {
	Exists(ctx context.Context, host, name string) (bool, error)
}, host, name string) bool {
	t.Helper()
	yes, err := v.Exists(t.Context(), host, name)
	if err != nil {
		t.Error(err)
	}
	return yes
}

// TestExistsAfterAStart: until all sessions are loaded there is no no, and no login that wants to resume a stream.
func TestExistsAfterAStart(t *testing.T) {
	state := &scriptedSessions{unloaded: errors.New("not all sessions are loaded")}
	v := verifierWith(t, state)
	if yes, err := v.Exists(t.Context(), sessionHost, "alice"); yes || !errors.Is(err, state.unloaded) {
		t.Errorf("alice exists: %v, %v", yes, err)
	}
	token := authtest.Token(t, authtest.Claims(sessionHost, nil))
	_, err := v.IssueTicket(t.Context(), auth.Credentials{Host: sessionHost, Token: token, Resumption: "id-1"})
	if err == nil || auth.RefusalOf(err).Reason != auth.ReasonStateUnavailable {
		t.Errorf("a login that resumes: %v", err)
	}
	if _, err := v.IssueTicket(t.Context(), auth.Credentials{Host: sessionHost, Token: token}); err != nil {
		t.Errorf("a login that does not: %v", err)
	}
	if state.unloaded = nil; exists(t, v, sessionHost, "alice") {
		t.Error("alice exists once all are loaded")
	}
}

func TestExistsAfterLogin(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	if exists(t, w, host, "alice") {
		t.Error("alice exists before any login")
	}
	w.expect(t, "alice", authtest.TokenBy(t, otherSecret, authtest.Claims(host, nil)), auth.ReasonBadSignature)
	w.issue(t, goodToken(t))
	if exists(t, w, host, "alice") {
		t.Error("alice exists by a refused login and a ticket")
	}
	w.expect(t, "alice", goodToken(t), "")
	for name, want := range map[string]bool{"alice": true, "ALICE": true, "bob": false, "": false, "alice@" + host: false, "ali\x00ce": false} {
		if got := exists(t, w, host, name); got != want {
			t.Errorf("Exists(%q) = %v", name, got)
		}
	}
	if exists(t, w, "other.example.com", "alice") {
		t.Error("alice exists on an unknown host")
	}
	w.pass(time.Hour)
	if !exists(t, w, host, "alice") {
		t.Error("alice is gone in the leeway of her token, in which it still logs in")
	}
	w.pass(10 * time.Second)
	if exists(t, w, host, "alice") {
		t.Error("alice exists after her token's end")
	}
}

func TestExistsWithAnEscapedName(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	token := authtest.Token(t, authtest.Claims(host, map[string]any{"context": map[string]any{"user": map[string]any{"id": "Eve@gmail.com"}}}))
	w.expect(t, `eve\40gmail.com`, token, "")
	for _, name := range []string{`eve\40gmail.com`, "eve@gmail.com"} {
		if !exists(t, w, host, name) {
			t.Errorf("%s does not exist", name)
		}
	}
}

func TestExistsEndsWithTheKey(t *testing.T) {
	w := newTicketWorld(t, authtest.Config(host))
	w.expect(t, "alice", goodToken(t), "")
	for _, row := range []struct {
		secrets []string
		want    bool
	}{{[]string{authtest.Secret, otherSecret}, true}, {[]string{otherSecret}, false}} {
		if err := w.Reload(authtest.ConfigWith(host, row.secrets...)); err != nil {
			t.Fatal(err)
		}
		if got := exists(t, w, host, "alice"); got != row.want {
			t.Errorf("with %d secrets: %v", len(row.secrets), got)
		}
	}
}

func TestServiceAccountsExist(t *testing.T) {
	c := hostConfig(func(h *auth.HostConfig, _ *auth.IssuerConfig) {
		h.ServiceAccounts = []string{"focus@auth.meet.example.com", "recorder@" + host}
	})
	v := newVerifier(t, c)
	for _, row := range []struct {
		host, name string
		want       bool
	}{
		{host, "recorder", true},
		{host, "focus", false},
		{"auth.meet.example.com", "focus", true},
		{"AUTH.meet.example.com", "Focus", true},
		{"auth.meet.example.com", "alice", false},
		{"", "recorder", true}, // the only host
	} {
		if got := exists(t, v, row.host, row.name); got != row.want {
			t.Errorf("%s at %q: %v", row.name, row.host, got)
		}
	}
	if _, err := v.Authenticate(t.Context(), auth.Credentials{Door: "extauth", Host: host, Name: "recorder", Token: ""}); err == nil {
		t.Error("a service account needs no token")
	}
}
