package signin_test

import (
	"strings"
	"testing"
	"time"

	"usher/auth/signin"
)

// TestSignIn: a person goes to the provider, and is back in the room with a token for it alone.
func TestSignIn(t *testing.T) {
	w := newWorld(t, nil)
	a := w.get("/login?room=Standup&state=" + `%7B%22room%22%3A%22Standup%22%2C%22config.startWithAudioMuted%22%3Atrue%7D`)
	if a.status != 200 || a.at.Path != "/Standup" || !strings.HasSuffix(a.at.Fragment, "&config.startWithAudioMuted=true") {
		t.Fatalf("%d %v %s\n%s", a.status, a.at, a.body, w.log)
	}
	c := a.claims(t)
	user := c["context"].(map[string]any)["user"].(map[string]any)
	for name, want := range map[string]any{"iss": "usher-login", "aud": "jitsi", "sub": host, "room": "standup", "moderator": false} {
		if c[name] != want {
			t.Errorf("%s is %v, want %v", name, c[name], want)
		}
	}
	id := strings.TrimPrefix(w.provider.URL, "http://") + ":alice"
	for name, want := range map[string]any{"id": id, "name": "Alice Example", "email": "alice@example.com",
		"avatar": "https://id.example.com/alice.png", "moderator": false} {
		if user[name] != want {
			t.Errorf("context.user.%s is %v, want %v", name, user[name], want)
		}
	}
	if life := time.Duration(c["exp"].(float64)-c["iat"].(float64)) * time.Second; life != signin.DefaultTTL {
		t.Errorf("it is good for %v", life)
	}
	if reason, _ := w.outcomes.last(); reason != "ok" {
		t.Error(reason)
	}
	for _, secret := range []string{a.token(), "client secret", w.provider.Asked[0].Get("code"), w.provider.Asked[0].Get("code_verifier")} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("%q is in the log:\n%s", secret, w.log)
		}
	}
}
