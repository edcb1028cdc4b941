package relayauth_test

import (
	"reflect"
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

// TestDemotedStream: what a demoted account may do is denied when it resumes, where its token says nothing of it; a token
// that does, or that makes a moderator, counts. A demotion while it is resuming is noticed.
func TestDemotedStream(t *testing.T) {
	token := func(id string, moderator bool, features any) string {
		context := map[string]any{"user": map[string]any{"id": "alice"}}
		if features != nil {
			context["features"] = features
		}
		return authtest.Token(t, claimsOf(map[string]any{"jti": id, "moderator": moderator, "context": context}))
	}
	recording := map[string]any{"recording": true}
	first := token("1", false, nil)
	for name, c := range map[string]struct {
		token         string
		before, after bool // that it is demoted
		want          any
	}{
		"not at all":        {token: first},
		"the same token":    {token: first, before: true, want: map[string]any{}},
		"a refreshed one":   {token: token("2", false, nil), before: true, want: map[string]any{}},
		"a moderator's":     {token: token("3", true, nil), before: true},
		"one with features": {token: token("4", false, recording), before: true, want: recording},
		"meanwhile":         {token: first, after: true},
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
		demote := func() {
			stream, _ := w.streams.StreamOf(host, "id-1")
			stream.Demoted = true
			_ = w.streams.RememberStream(t.Context(), stream, "id-1")
		}
		if c.before {
			demote()
		}
		again, _ := w.begin(t, request(c.token, "id-1"))
		if got := w.inner(t, again)["context"].(map[string]any)["features"]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: features %v, want %v", name, got, c.want)
		}
		if again.NewRights != (c.before) {
			t.Errorf("%s: new rights %v", name, again.NewRights)
		}
		if err := w.Record(t.Context(), again, host, "0b5c"); err != nil {
			t.Fatal(err)
		}
		if err := w.RememberStream(t.Context(), again, host, "0b5c", "id-1"); err != nil {
			t.Fatal(err)
		}
		if stream, _ := w.streams.StreamOf(host, "id-1"); stream.Demoted != (c.before && name != "a moderator's") {
			t.Errorf("%s: the stream is %+v", name, stream)
		}
		if c.after {
			demote()
		}
		if got := w.Outdated(again); got != c.after {
			t.Errorf("%s: outdated %v", name, got)
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
