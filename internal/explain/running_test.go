package explain

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/keys"
	"usher/metrics"
	"usher/moderation"
)

// TestRunning: a token is explained by a running verifier and its rules, with nothing logged and nothing counted; what
// is revoked is told.
func TestRunning(t *testing.T) {
	signing, public := newECKey(t)
	files, err := keys.ParsePublicKeys(public, "key.pem")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	m := metrics.New("")
	c := auth.Config{Hosts: map[string]auth.HostConfig{"meet.example.com": {Issuers: map[string]auth.IssuerConfig{
		"my-app": {Keys: keys.Config{Files: files}, Algorithms: []string{"ES256"}, RequireExp: true, RequireRoom: true}}}}}
	v, err := auth.New(c, auth.Options{Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: m})
	if err != nil {
		t.Fatal(err)
	}
	host := moderation.HostPolicy{Host: "meet.example.com", MUC: []string{"conference.meet.example.com"}}
	policy, err := moderation.NewPolicy([]moderation.HostPolicy{host}, v.HoldsKey)
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Mint(signing, "", map[string]any{"iss": "my-app", "sub": "meet.example.com", "room": "standup",
		"exp": time.Now().Add(time.Hour).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	revoked := false
	explain := func(text string) auth.Report {
		return Running(v, policy, []moderation.HostPolicy{host}, func(context.Context, auth.Identity) (bool, bool) {
			return revoked, true
		}).Explain(t.Context(), Question{Text: text})
	}
	log.Reset()
	if r := explain("https://meet.example.com/standup?jwt=" + token); !r.Allowed || r.Affiliation == "" {
		t.Errorf("%+v", r)
	}
	if r := explain("https://meet.example.com/other?jwt=" + token); r.Allowed || string(r.Reason) != string(moderation.ReasonRoomMismatch) {
		t.Errorf("%+v", r)
	}
	if r := explain(token[:len(token)-9] + "AAAAAAAAA"); r.Allowed || r.Identity.Host != "" {
		t.Errorf("%+v", r)
	}
	revoked = true
	if r := explain(token); r.Allowed || r.Reason != auth.ReasonRevoked {
		t.Errorf("%+v", r)
	}
	if got := m.Totals(); log.Len() > 0 || got.Logins.Allowed > 0 || len(got.Logins.Refused) > 0 {
		t.Errorf("%+v, log: %s", got, &log)
	}
	for _, text := range []string{"", strings.Repeat("a.", 1<<16), "\x00"} {
		if r := explain(text); r.Allowed {
			t.Errorf("%.20q is let in", text)
		}
	}
}
