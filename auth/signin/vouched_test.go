package signin_test

import (
	"testing"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/inner"
	"usher/auth/signin"
	"usher/auth/signin/signintest"
)

// TestAddressIsVerified: an address that the provider has not verified makes nobody a moderator and gives no feature;
// other claims beside it still do.
func TestAddressIsVerified(t *testing.T) {
	test := claim.Test{Path: claim.Path{"email"}, Value: "alice@example.com"}
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
		h.Moderators = append(h.Moderators, test)
		h.Features = []inner.Feature{{Name: "recording", Test: test}}
	})
	roles := map[string]any{"roles": []string{"moderator"}}
	for name, step := range map[string]struct {
		claims            map[string]any
		moderator, record bool
	}{
		"verified":               {map[string]any{"email_verified": true}, true, true},
		"verified, as a text":    {map[string]any{"email_verified": "true"}, true, true},
		"not verified":           {map[string]any{"email_verified": false}, false, false},
		"nothing said":           {map[string]any{"email_verified": nil}, false, false},
		"not verified, a role":   {map[string]any{"email_verified": false, "realm_access": roles}, true, false},
		"another, and verified":  {map[string]any{"email": "bob@example.com"}, false, false},
		"no address and no role": {map[string]any{"email": nil}, false, false},
	} {
		w.provider.Change(func(h *signintest.Habits) { h.Claims = step.claims })
		context := w.get("/login?room=standup").claims(t)["context"].(map[string]any)
		moderator := context["user"].(map[string]any)["moderator"]
		record := context["features"].(map[string]any)["recording"]
		if moderator != step.moderator || record != step.record {
			t.Errorf("%s: moderator %v, recording %v", name, moderator, record)
		}
	}
}

// TestAge: an ID token that is dated back by five minutes, as Entra's are, is new; one that was kept is not.
func TestAge(t *testing.T) {
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) { h.Leeway = 0 })
	for back, good := range map[time.Duration]bool{0: true, 5*time.Minute + 30*time.Second: true, 11 * time.Minute: false} {
		at := time.Now().Add(-back)
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"iat": at.Unix(), "nbf": at.Unix()} })
		a := w.get("/login?room=standup")
		if !good {
			w.refused(a, auth.ReasonSignInToken)
		} else if a.token() == "" {
			reason, detail := w.outcomes.last()
			t.Errorf("dated back by %v: %s, %s", back, reason, detail)
		}
	}
}
