package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
	"usher/auth/inner"
	"usher/auth/keys"
)

// ownRules have an issuer of usher's own beside another, at a host whose settings read everything of others' tokens.
func ownRules(relay bool) auth.Config {
	c := authtest.Config("meet.example.com")
	if relay {
		c = authtest.RelayConfig("meet.example.com")
	}
	h := c.Hosts["meet.example.com"]
	own := h.Issuers[authtest.Issuer]
	own.Own, own.AccountPrefix = true, "login-"
	h.Issuers["usher-login"] = own
	h.Subject = auth.SubjectTenant
	h.Account = []claim.Path{{"preferred_username"}}
	h.Moderators = []claim.Test{{Path: claim.Path{"roles"}, Value: "moderator"}}
	if relay {
		h.Types = []string{"at+jwt"}
		h.Relay.Context = []inner.Source{{Name: "id", Path: claim.Path{"sub"}}, {Name: "name", Path: claim.Path{"title"}}}
		h.Relay.Features = []inner.Feature{{Name: "recording", Test: claim.Test{Path: claim.Path{"recorder"}}}}
	}
	c.Hosts["meet.example.com"] = h
	return c
}

func ownToken(t *testing.T, moderator bool) string {
	t.Helper()
	claims := authtest.Claims("meet.example.com", map[string]any{
		"iss": "usher-login", "room": "standup", "moderator": moderator, "roles": []string{"moderator"}, "recorder": true,
		"iat": time.Now().Unix(), "preferred_username": "root", "title": "Sir",
		"context": map[string]any{"user": map[string]any{"id": "id.example.com:alice", "name": "Alice"},
			"features": map[string]any{"recording": false}},
	})
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.SecretSigningKey([]byte(authtest.Secret), "HS256")
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Compact(key, []byte(`{"alg":"HS256"}`), payload)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestOwnTokens: usher's own tokens say who somebody is in Jitsi's form, whatever a host's settings read of others',
// and again from the cache.
func TestOwnTokens(t *testing.T) {
	v, err := auth.New(ownRules(false), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, moderator := range []bool{true, false, true} {
		id, err := v.Authenticate(t.Context(), auth.Credentials{Door: "http", Host: "meet.example.com", Token: ownToken(t, moderator)})
		if err != nil || id.Moderator != moderator || id.AccountClaim != "id.example.com:alice" || id.Account != `login-id.example.com\3aalice` {
			t.Errorf("%v: %+v, %v", moderator, id, err)
		}
	}
	if unseen := v.UnseenClaims(); len(unseen) > 0 {
		t.Errorf("of claims that no such token has: %v", unseen)
	}
	if r := v.Explain(auth.Credentials{Host: "meet.example.com", Token: ownToken(t, true)}); !r.Allowed {
		t.Errorf("%+v", r)
	}
	if r := v.Explain(auth.Credentials{Host: "meet.example.com", Token: "a.b.c"}); r.Allowed {
		t.Errorf("%+v", r)
	}
	// another issuer's tokens are read as before, and name none of these accounts
	other := authtest.Claims("meet.example.com", map[string]any{"moderator": true, "preferred_username": "login-id.example.com:alice"})
	_, err = v.Authenticate(t.Context(), auth.Credentials{Door: "http", Host: "meet.example.com", Token: authtest.Token(t, other)})
	if r := auth.RefusalOf(err); r == nil || r.Reason != auth.ReasonAccountNotAllowed {
		t.Errorf("%v", err)
	}
}

// TestOwnInnerTokens: at a relay host Jitsi is told what such a token says.
func TestOwnInnerTokens(t *testing.T) {
	v, err := auth.New(ownRules(true), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, moderator := range []bool{false, true} {
		d := v.DecideRelay(&auth.Credentials{Door: "gateway", Host: "meet.example.com", Token: ownToken(t, moderator)})
		if d.Refusal != nil {
			t.Fatal(d.Refusal)
		}
		_, relay := v.Relay("meet.example.com")
		var claims struct {
			Room, Sub string
			Moderator *bool
			Context   struct {
				User     struct{ ID, Name string }
				Features map[string]bool
			}
		}
		text := d.Form.Claims(&relay.Rules, inner.Login{Now: time.Now(), Moderator: d.Form.Moderator(), Features: true})
		if err := json.Unmarshal(text, &claims); err != nil {
			t.Fatal(err)
		}
		if u := claims.Context.User; claims.Room != "standup" || claims.Sub != "meet.example.com" || claims.Moderator == nil ||
			*claims.Moderator != moderator || u.ID != "id.example.com:alice" || u.Name != "Alice" || claims.Context.Features["recording"] {
			t.Errorf("%s", text)
		}
	}
}
