package unasked_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/metrics"
	"usher/moderation"
	"usher/moderation/unasked"
)

// TestPastTheGateway: of a relay the people are told that nobody decided about, and that the web server leads past usher; no
// module of Prosody is missed there.
func TestPastTheGateway(t *testing.T) {
	p, err := moderation.NewPolicy([]moderation.HostPolicy{{Host: "h", MUC: []string{"muc"}, Guests: []string{"guest.h"}, Relay: true}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	m := metrics.New("")
	r := unasked.NewReporter(unasked.Options{Limits: unasked.UsualLimits(), Policy: func() *moderation.Policy { return p }, Metrics: m,
		Log: slog.New(slog.NewTextHandler(&log, nil))})
	r.Connected(1)
	r.Listed("muc", nil, true)
	r.Asked("muc", "standup@muc", "a@h", true)
	in := []moderation.Occupant{{JID: "a@h"}, {JID: "focus@auth.h"}, {JID: "recorder@recorder.h"}, {JID: "visitor@elsewhere.example"}}
	r.Saw(t.Context(), "muc", "standup@muc", in)
	if list := r.Missing(); len(list) != 0 {
		t.Errorf("%q", list)
	}
	r.Saw(t.Context(), "muc", "standup@muc", append(in, moderation.Occupant{JID: "b@h"}))
	list := r.Missing()
	if len(list) != 1 || !strings.Contains(list[0], "listen.gateway") || strings.Contains(list[0], "muc_http_auth") || strings.Contains(list[0], "b@h") {
		t.Errorf("%q", list)
	}
	scrape := httptest.NewRecorder()
	m.Handler().ServeHTTP(scrape, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{"usher_gateway_bypassed 1", "usher_unasked_occupants 1", `usher_prosody_unasked{module="muc_http_auth"} 0`} {
		if !strings.Contains(scrape.Body.String(), line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if !strings.Contains(log.String(), "b@h in standup@muc") {
		t.Errorf("the log has no example:\n%s", log.String())
	}
}
