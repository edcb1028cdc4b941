package muc_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"usher/internal/memory"
	"usher/internal/panics"
	"usher/metrics"
	"usher/moderation"
	"usher/moderation/moderationtest"
	"usher/moderation/muc"
	"usher/moderation/sessions"
	"usher/moderation/unasked"
)

// TestPanic: what the code does not survive is a no that both modules read as such, and one line with the place.
func TestPanic(t *testing.T) {
	for path, query := range map[string]string{
		moderation.JoinPath:   "?userJID=alice%40" + host + "&mucJID=standup%40" + conference + "&nickname=sesame",
		moderation.CreatePath: "?jid=standup%40" + conference,
	} {
		var log strings.Builder
		m, armed := metrics.New("test"), false
		p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: host, MUC: []string{conference}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s := moderationtest.Start(t, memory.New(), p, sessions.Options{Metrics: m, Now: func() time.Time {
			if armed {
				panic("sesame")
			}
			return time.Unix(1_800_000_000, 0)
		}})
		armed = true
		h := &muc.Handler{Service: muc.New(muc.Options{Sessions: s, Unasked: unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(), Policy: s.Policy}), Metrics: m}), Panics: panics.New(slog.New(slog.NewTextHandler(&log, nil)), m)}
		code, answer := moderationtest.Ask(h, path+query)
		list, isList := answer["affiliations"].(map[string]any)
		no := answer["allowed"] == false
		if path == moderation.CreatePath {
			no = isList && len(list) == 0 && answer["error"] != ""
		}
		if code != http.StatusInternalServerError || !no {
			t.Errorf("%s: %d %v", path, code, answer)
		}
		text := log.String()
		for _, part := range []string{"msg=panic ", "door=http ", "path=" + path + " ", "type=string ", "usher/moderation/muc.(*Service)"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q in the log: %s", path, part, text)
			}
		}
		if strings.Count(text, "\n") != 1 || strings.Contains(text, "sesame") {
			t.Errorf("%s: the log says %s", path, text)
		}
	}
}
