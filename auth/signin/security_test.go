package signin_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/inner"
	"usher/auth/signin"
	"usher/auth/signin/signintest"
)

// TestNoOpenRedirect: whatever a link asks for, a person is sent back to a page of the host, and only there a token goes.
func TestNoOpenRedirect(t *testing.T) {
	w := newWorld(t, nil)
	for _, page := range []string{"https://evil.example", "//evil.example", w.http.URL + ".evil.example", w.http.URL + "@evil.example",
		"javascript:alert(1)", w.http.URL + "/..//evil.example", strings.ToUpper(w.http.URL), " " + w.http.URL, w.http.URL + "?x", "\\evil.example"} {
		w.refused(w.get("/login?room=a&page="+url.QueryEscape(page)), auth.ReasonMalformedRequest)
	}
	for _, room := range []string{"//evil.example", "\\\\evil.example", "https://evil.example", "a/../../evil", "@evil.example", "a?b#c", "%0d%0aLocation:x", "a\r\nb"} {
		a := w.get("/login?room=" + url.QueryEscape(room))
		if reason, _ := w.outcomes.last(); reason != "ok" {
			w.refused(a, auth.ReasonSignInRoom)
			continue
		}
		if got := a.at.Scheme + "://" + a.at.Host; got != w.http.URL || a.token() == "" {
			t.Errorf("%q leads to %v", room, a.at)
		}
	}
	// with the slash that browsers add, and by the name of the second page
	if a := w.get("/login?room=a&page=" + url.QueryEscape(w.http.URL+"/")); a.token() == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestRoomAlone: a token is for the one room, as the page's client spells it, and never for all or by a pattern.
func TestRoomAlone(t *testing.T) {
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
		h.Tenants = []string{host, "acme"}
		h.Rooms = []string{"stand*", "r*", "team"}
	})
	for room, want := range map[string]string{"standup": "standup", "StandUp": "standup", "Räk": "r%c3%a4k", "ｓｔａｎｄｕｐ": "standup",
		"stand+up": "stand%2bup", "r.*": "r.*", "r[a-z]": "r%5ba-z%5d"} {
		c := w.get("/login?room=" + url.QueryEscape(room)).claims(t)
		if c["room"] != want || c["sub"] != host {
			t.Errorf("%q: room is %v, sub %v; want %q", room, c["room"], c["sub"], want)
		}
		if _, is := c["context"].(map[string]any)["room"]; is {
			t.Errorf("%q: the token says how its room is meant", room)
		}
	}
	for _, query := range []string{"room=*", "room=", "room=.", "room=..", "", "room=%5Bacme%5Dteam", "room=board", "room=team&tenant=*",
		"room=team&tenant=other", "room=team&tenant=" + host, "room=" + strings.Repeat("r", 2000), "room=it's", "room=r%2541"} {
		w.refused(w.get("/login?"+query), auth.ReasonSignInRoom)
	}
	w.refused(w.get("/login?room=team&room=standup"), auth.ReasonMalformedRequest)
	if c := w.get("/login?room=team&tenant=ACME").claims(t); c["room"] != "[acme]team" || c["sub"] != "acme" {
		t.Errorf("in a tenant: %v of %v", c["room"], c["sub"])
	}
}

// TestJitsisState: what the page hands over comes back, from each of its releases; what is no parameter does not.
func TestJitsisState(t *testing.T) {
	w := newWorld(t, nil)
	for state, want := range map[string]string{
		`{"room":"a","config.startWithAudioMuted":true,"config.subject":"Board & co"}`:                   `&config.startWithAudioMuted=true&config.subject="Board & co"`,
		`{"room":"a","config.subject":"\"Board\"","interfaceConfig.X":"5"}`:                              `&config.subject="Board"&interfaceConfig.X=5`,
		`room=a&config.prejoinConfig.enabled=false&tenant=`:                                              `&config.prejoinConfig.enabled=false`,
		`{"iceServers.replace":[{"targetType":"turn","urls":null}]}`:                                     `&iceServers.replace=[{"targetType":"turn","urls":null}]`,
		`{"jwt":"x","config.":1,"config.a b":2,"config.a&jwt":3,"userInfo.x":4,"refreshToken":"secret"}`: ``,
		`{state}`: ``,
	} {
		a := w.get("/login?room=a&tenant={tenant}&state=" + url.QueryEscape(state))
		fragment, err := url.PathUnescape(a.at.EscapedFragment())
		if _, got, _ := strings.Cut(fragment, `"`+"&"); err != nil || "&"+got != want && got+want != "" {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
	// the room from the state, as the page's address has it
	if c := w.get("/login?state=" + url.QueryEscape(`{"room":"R%C3%A4k"}`)).claims(t); c["room"] != "r%c3%a4k" {
		t.Errorf("the room is %v", c["room"])
	}
	for _, state := range []string{`{"a":`, `%zz`, `{"config.a":"` + strings.Repeat("x", 2100) + `"}`} {
		w.refused(w.get("/login?room=a&state="+url.QueryEscape(state)), auth.ReasonMalformedRequest)
	}
}

// TestPerson: what of the ID token people get, and what not.
func TestPerson(t *testing.T) {
	w := newWorld(t, nil)
	user := func(claims map[string]any) map[string]any {
		t.Helper()
		w.provider.Change(func(h *signintest.Habits) { h.Claims = claims })
		return w.get("/login?room=a").claims(t)["context"].(map[string]any)["user"].(map[string]any)
	}
	for _, row := range []struct {
		claims map[string]any
		member string
		want   any
	}{
		{map[string]any{"email_verified": false}, "email", nil},
		{map[string]any{"email_verified": nil}, "email", nil},
		{map[string]any{"email_verified": "true"}, "email", "alice@example.com"},
		{map[string]any{"picture": "http://id.example.com/a.png"}, "avatar", nil},
		{map[string]any{"picture": "javascript:alert(1)"}, "avatar", nil},
		{map[string]any{"name": nil, "preferred_username": "al"}, "name", "al"},
		{map[string]any{"name": 7}, "name", nil},
		{map[string]any{"name": strings.Repeat("x", 140)}, "name", strings.Repeat("x", 128) + "…"},
		{map[string]any{"realm_access": map[string]any{"roles": []string{"moderator"}}}, "moderator", true},
		{map[string]any{"realm_access": map[string]any{"roles": []string{"other"}}}, "moderator", false},
		{map[string]any{"moderator": true, "context": map[string]any{"user": map[string]any{"moderator": true}}}, "moderator", false},
	} {
		if got := user(row.claims)[row.member]; got != row.want {
			t.Errorf("%v: %s is %v, want %v", row.claims, row.member, got, row.want)
		}
	}
	a, b := user(map[string]any{"sub": "Alice"})["id"].(string), user(map[string]any{"sub": "alice"})["id"].(string)
	if strings.EqualFold(a, b) {
		t.Errorf("Alice and alice are one: %s, %s", a, b)
	}
	for _, sub := range []any{nil, "", 7, "a b", "ä", strings.Repeat("x", 256)} {
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"sub": sub} })
		got := w.get("/login?room=a")
		if reason, _ := w.outcomes.last(); reason != string(auth.ReasonSignInToken) && reason != string(auth.ReasonBadClaims) || got.token() != "" {
			t.Errorf("sub %v: %s", sub, reason)
		}
	}
}

// TestAddressIsNoProof: an address that the provider does not vouch for makes no moderator, opens nothing, and is in no
// place of the context.
func TestAddressIsNoProof(t *testing.T) {
	byAddress := claim.Test{Path: claim.Path{"email"}, Value: "alice@example.com"}
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
		h.Moderators = []claim.Test{byAddress}
		h.Features = []inner.Feature{{Name: "recording", Test: byAddress}}
		h.Context = []inner.Source{{Name: "name", Path: claim.Path{"email"}}, {Name: "email", Path: claim.Path{"upn"}},
			{Name: "id", Path: claim.Path{"name"}}, {Name: "group", Path: claim.Path{"team"}}}
	})
	w.provider.Change(func(h *signintest.Habits) {
		h.Claims = map[string]any{"email_verified": false, "upn": "root@example.com", "team": "blue"}
	})
	c := w.get("/login?room=a").claims(t)
	context := c["context"].(map[string]any)
	user := context["user"].(map[string]any)
	if c["moderator"] != false || user["name"] != nil || user["email"] != nil || context["features"].(map[string]any)["recording"] != false ||
		context["group"] != "blue" || user["id"] == "Alice Example" {
		t.Errorf("%v", c)
	}
	w.provider.Change(func(h *signintest.Habits) { h.Claims = nil })
	if c := w.get("/login?room=a").claims(t); c["moderator"] != true {
		t.Errorf("verified: %v", c)
	}
}

// TestWho: the claim must be there, for the sign-in as for the console.
func TestWho(t *testing.T) {
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
		h.Who = []claim.Test{{Path: claim.Path{"groups"}, Value: "staff"}}
		h.Consoles = []signin.Console{{URL: "https://console.example.com", Audience: "usher-console",
			Claim: claim.Test{Path: claim.Path{"groups"}, Value: "ops"}}}
	})
	groups := func(list ...string) {
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"groups": list} })
	}
	w.refused(w.get("/login?room=a"), auth.ReasonSignInNotAllowed)
	groups("staff")
	if a := w.get("/login?room=a"); a.token() == "" {
		t.Error(a.body)
	}
	w.refused(w.get("/login?console=1"), auth.ReasonSignInNotAllowed)
	if _, detail := w.outcomes.last(); !strings.Contains(detail, "has none of the claims [groups=ops]; ") {
		t.Errorf("the operator reads: %s", detail)
	}
	groups("staff", "ops")
	a := w.get("/login?console=1")
	if a.at.Host != "console.example.com" || a.at.Path != "/enter" {
		t.Fatalf("%v %s", a.at, a.body)
	}
	c := a.claims(t)
	if life := time.Duration(c["exp"].(float64)-c["iat"].(float64)) * time.Second; c["aud"] != "usher-console" || c["room"] != nil ||
		c["groups"] != "ops" || life != signin.ConsoleTTL || c["moderator"] != nil {
		t.Errorf("%v", c)
	}
}
