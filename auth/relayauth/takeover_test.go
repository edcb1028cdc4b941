package relayauth_test

import (
	"testing"

	"usher/auth/authtest"
)

// TestBoundInsteadOfResumed: a stream is a login's only when Prosody has resumed it. A login that was bound anew, to the
// same account, leaves it as it was: else the same login would find it with its own rights the next time.
func TestBoundInsteadOfResumed(t *testing.T) {
	token := func(id string, may bool) string {
		return authtest.Token(t, claimsOf(map[string]any{"jti": id, "context": map[string]any{
			"user": map[string]any{"id": "alice"}, "features": map[string]any{"recording": may}}}))
	}
	w := newWorld(t, nil)
	first, _ := w.begin(t, request(token("1", true), ""))
	w.inner(t, first)
	if err := w.Record(t.Context(), first, host, "0b5c"); err != nil {
		t.Fatal(err)
	}
	if err := w.RememberStream(t.Context(), first, host, "0b5c", "id-1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		l, _ := w.begin(t, request(token("2", false), "id-1"))
		if w.inner(t, l); !l.NewRights || !l.MayGain() {
			t.Errorf("new rights %v, may gain %v", l.NewRights, l.MayGain())
		}
		if err := w.Record(t.Context(), l, host, "0b5c"); err != nil { // bound
			t.Fatal(err)
		}
	}
	l, _ := w.begin(t, request(token("2", false), "id-1"))
	w.inner(t, l)
	if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
		t.Fatal(err)
	}
	if err := w.RememberStream(t.Context(), l, host, "0b5c", "id-1"); err != nil { // resumed
		t.Fatal(err)
	}
	l, _ = w.begin(t, request(token("2", false), "id-1"))
	if w.inner(t, l); l.NewRights || l.MayGain() {
		t.Error("the resumed stream is not the login's")
	}
}
