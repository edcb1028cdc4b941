package muc_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/moderation/moderationtest"
	"usher/moderation/muc"
)

// TestAskedTwice: a join that the gateway has let go on is counted once where Prosody asks about it as well; one that it
// has not seen is counted, and so is what the second question refuses.
func TestAskedTwice(t *testing.T) {
	f := newRelayFixture(t)
	f.bind(t, "a1", "t1", true, "standup")
	h := &muc.Handler{Service: f.Service}
	counted := func() (n int) {
		scrape := httptest.NewRecorder()
		f.Metrics.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
		for line := range strings.Lines(scrape.Body.String()) {
			if strings.HasPrefix(line, "usher_joins_total{") && !strings.HasSuffix(line, " 0\n") {
				n += int(line[len(line)-2] - '0')
			}
		}
		return n
	}
	prosody := func(user, room string) int {
		code, _ := moderationtest.Ask(h, "/muc/join?userJID="+url.QueryEscape(user)+"&mucJID="+url.QueryEscape(room)+"&nickname=n")
		return code
	}
	room := "standup@" + conference
	if a := f.gateway().Join(t.Context(), ask("a1", "t1", room+"/n")); !a.Allowed {
		t.Fatalf("the gateway refuses: %+v", a)
	}
	for i, step := range []struct {
		what, user, room string
		code, counted    int
	}{
		{"asked as well", "a1@" + host, room, 200, 1},
		{"asked once more", "a1@" + host, room, 200, 2},
		{"past the gateway", "stranger@" + host, room, 403, 3},
	} {
		if code := prosody(step.user, step.room); code != step.code || counted() != step.counted {
			t.Errorf("%d, %s: %d, and %d are counted, want %d", i, step.what, code, counted(), step.counted)
		}
	}
}
