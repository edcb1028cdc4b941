package relayauth_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/relayauth"
	"usher/metrics"
)

// TestInnerTokenIsReused for a part of its time, as long as it says what a new one would.
func TestInnerTokenIsReused(t *testing.T) {
	w := newWorld(t, nil)
	l := w.login(t, request(authtest.Token(t, claimsOf(map[string]any{"moderator": true})), ""), "0b5c", "id-1")
	token := func() string {
		t.Helper()
		token, err := w.InnerToken(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first := token()
	if w.now = w.now.Add(14 * time.Second); token() != first {
		t.Error("it is signed anew within a quarter of its minute")
	}
	if w.now = w.now.Add(2 * time.Second); token() == first {
		t.Error("it is handed out for longer")
	}
	if first = token(); w.now.IsZero() {
		t.Fatal(first)
	}
	w.now = w.now.Add(-10 * time.Second) // a clock that was set back
	if token() == first {
		t.Error("it is of the future")
	}
	first = token()
	w.now = w.now.Add(time.Second)
	w.streams.Take("0b5c")
	if token() == first {
		t.Error("rights were taken back, and the token has them")
	}
	first = token()
	w.now = w.now.Add(time.Second)
	if err := w.verifier.Reload(authtest.RelayConfig(host)); err != nil {
		t.Fatal(err)
	}
	if token() == first {
		t.Error("the key may be another one, and the token is the one of before")
	}
}

// TestStillGood: what is revoked or over by now is refused, and counted as a refusal.
func TestStillGood(t *testing.T) {
	w := newWorld(t, nil)
	l, _ := w.begin(t, request(goodToken(t), ""))
	if err := w.StillGood(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	w.state.revoked[l.ID.TokenPrint] = true
	if err := w.StillGood(t.Context(), l); auth.RefusalOf(err) == nil || auth.RefusalOf(err).Reason != auth.ReasonRevoked {
		t.Errorf("revoked: %v", err)
	}
	recorded := w.login(t, request(authtest.Token(t, claimsOf(map[string]any{"jti": "2"})), ""), "0b5c", "id-1")
	if err := w.StillGood(t.Context(), recorded); err != nil {
		t.Errorf("recorded: %v", err)
	}
	w.state.revoked[recorded.ID.TokenPrint] = true
	if err := w.StillGood(t.Context(), recorded); auth.RefusalOf(err) == nil || auth.RefusalOf(err).Reason != auth.ReasonRevoked {
		t.Errorf("recorded, and revoked: %v", err)
	}
	if _, err := w.InnerToken(t.Context(), recorded); err != nil {
		t.Errorf("its stream cannot be ended at Prosody: %v", err)
	}
}

// TestRefusedInnerToken: a refusal of an inner token is counted and logged, as every refusal is.
func TestRefusedInnerToken(t *testing.T) {
	w := newWorld(t, nil)
	var log strings.Builder
	m := metrics.New("")
	v, err := auth.New(authtest.RelayConfig(host), auth.Options{Sessions: w.state, Metrics: m,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	w.Logins = relayauth.New(v, relayauth.Options{})
	l, _ := w.begin(t, request(goodToken(t), ""))
	if w.inner(t, l); log.Len() > 0 {
		t.Errorf("before: %s", log.String())
	}
	w.state.revoked[l.ID.TokenPrint] = true
	if _, err := w.InnerToken(t.Context(), l); err == nil {
		t.Fatal("it is not refused")
	}
	scrape := httptest.NewRecorder()
	m.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	want := `usher_auth_requests_total{door="gateway",host="meet.example.com",issuer="my-app",reason="revoked",result="denied"} 1`
	if !strings.Contains(scrape.Body.String(), want) || strings.Count(log.String(), "login refused") != 1 {
		t.Errorf("want %s\nthe log: %s", want, log.String())
	}
}
