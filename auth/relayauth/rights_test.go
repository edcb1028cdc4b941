package relayauth_test

import (
	"testing"
	"time"

	"usher/auth/authtest"
)

// TestNewRights: a resumption with other rights than the stream has is known, also by a refreshed token, and so is a
// recorded login whose rights were taken back.
func TestNewRights(t *testing.T) {
	token := func(id string, moderator bool, features any) string {
		context := map[string]any{"user": map[string]any{"id": "alice"}}
		if features != nil {
			context["features"] = features
		}
		return authtest.Token(t, claimsOf(map[string]any{"jti": id, "moderator": moderator, "context": context}))
	}
	recording := map[string]any{"recording": true}
	first := token("1", true, recording)
	for name, c := range map[string]struct {
		token string
		taken bool
		want  bool
	}{
		"the same token": {token: first}, "a refreshed one": {token: token("2", true, recording)},
		"no moderator's":   {token: token("3", false, recording), want: true},
		"without features": {token: token("4", true, nil), want: true},
		"with others":      {token: token("5", true, map[string]any{"recording": false}), want: true},
		"taken back":       {token: first, taken: true, want: true},
	} {
		w := newWorld(t, nil)
		l, _ := w.begin(t, request(first, ""))
		w.inner(t, l)
		if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
			t.Fatal(err)
		}
		if err := w.RememberStream(t.Context(), l, host, "0b5c", "id-1"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(time.Second)
		if w.Outdated(l) {
			t.Errorf("%s: outdated at once", name)
		}
		if c.taken {
			w.streams.Take("0b5c")
		}
		if w.Outdated(l) != c.taken {
			t.Errorf("%s: outdated is %v", name, !c.taken)
		}
		again, reason := w.begin(t, request(c.token, "id-1"))
		if reason != "" || again.Resumes == "" {
			t.Fatalf("%s: %q, %+v", name, reason, again)
		}
		if w.inner(t, again); again.NewRights != c.want {
			t.Errorf("%s: new rights %v, want %v", name, again.NewRights, c.want)
		}
	}
}

// TestPlainIsNotOutdated: who has no rights but to be there loses none when the session ends.
func TestPlainIsNotOutdated(t *testing.T) {
	w := newWorld(t, nil)
	l, _ := w.begin(t, request(authtest.Token(t, claimsOf(person("bob"))), ""))
	w.inner(t, l)
	if err := w.Record(t.Context(), l, host, "0b5c"); err != nil {
		t.Fatal(err)
	}
	if w.streams.Take("0b5c"); w.Outdated(l) {
		t.Error("it is outdated")
	}
}
