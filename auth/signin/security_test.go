package signin_test

import (
	"encoding/base64"
	"net/http"
	"net/netip"
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

// TestIDToken: an ID token that is not of this sign-in, or of nobody whose word counts, gives nothing.
func TestIDToken(t *testing.T) {
	now := time.Now().Unix()
	for name, row := range map[string]struct {
		claims map[string]any
		want   auth.Reason // empty: it is taken
	}{
		"no nonce":                {map[string]any{"nonce": nil}, auth.ReasonSignInToken},
		"another nonce":           {map[string]any{"nonce": "x"}, auth.ReasonSignInToken},
		"a nonce of another kind": {map[string]any{"nonce": []string{"x"}}, auth.ReasonSignInToken},
		"another audience":        {map[string]any{"aud": "other"}, auth.ReasonAudienceMismatch},
		"no audience":             {map[string]any{"aud": nil}, auth.ReasonAudienceMismatch},
		"several, without azp":    {map[string]any{"aud": []string{"meet", "other"}}, auth.ReasonSignInToken},
		"several, azp another":    {map[string]any{"aud": []string{"meet", "other"}, "azp": "other"}, auth.ReasonSignInToken},
		"one, azp another":        {map[string]any{"azp": "other"}, auth.ReasonSignInToken},
		"several, with azp":       {map[string]any{"aud": []string{"meet", "other"}, "azp": "meet"}, ""},
		"a list of one":           {map[string]any{"aud": []string{"meet"}}, ""},
		"old":                     {map[string]any{"iat": now - 620}, auth.ReasonSignInToken},
		"not so old":              {map[string]any{"iat": now - 590}, ""},
		"ahead":                   {map[string]any{"iat": now + 60}, auth.ReasonSignInToken},
		"a clock that is ahead":   {map[string]any{"iat": now + 5, "nbf": now + 5}, ""},
		"no iat":                  {map[string]any{"iat": nil}, auth.ReasonSignInToken},
		"over":                    {map[string]any{"exp": now - 60}, auth.ReasonExpired},
		"no exp":                  {map[string]any{"exp": nil}, auth.ReasonExpMissing},
		"another issuer":          {map[string]any{"iss": "https://evil.example"}, auth.ReasonUnknownIssuer},
		"usher's own":             {map[string]any{"iss": "usher-login"}, auth.ReasonUnknownIssuer},
	} {
		w := newWorld(t, nil)
		w.provider.Change(func(h *signintest.Habits) { h.Claims = row.claims })
		a := w.get("/login?room=a")
		switch {
		case row.want != "":
			t.Log(name)
			w.refused(a, row.want)
		case a.token() == "":
			_, detail := w.outcomes.last()
			t.Errorf("%s: %s", name, detail)
		}
	}
}

// TestSignatures: a signature of the provider's key counts, of whatever kind that is, and no other; a key that was
// replaced is fetched while the person waits.
func TestSignatures(t *testing.T) {
	w := newWorld(t, nil)
	for _, alg := range []string{"RS256", "ES256", "PS256"} {
		w.provider.Rotate(t, alg)
		if a := w.get("/login?room=a"); a.token() == "" {
			t.Errorf("%s: %s\n%s", alg, a.body, w.log)
		}
	}
	for name, sign := range map[string]func(string) string{
		"cut": func(s string) string { return s[:len(s)-4] },
		"other": func(s string) string {
			return s[:strings.LastIndexByte(s, '.')+1] + base64.RawURLEncoding.EncodeToString(make([]byte, 256))
		},
		"none": func(s string) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + s[strings.IndexByte(s, '.'):strings.LastIndexByte(s, '.')+1]
		},
		"empty": func(string) string { return "" },
		"huge":  func(s string) string { return s + strings.Repeat("A", 20_000) },
	} {
		w.provider.Change(func(h *signintest.Habits) { h.Sign = sign })
		a := w.get("/login?room=a")
		if reason, _ := w.outcomes.last(); reason == "ok" || a.token() != "" || a.status < 400 {
			t.Errorf("%s: %s", name, reason)
		}
	}
}

// TestExchange: PKCE with S256 and a nonce, each time another; the secret in Authorization, or as a parameter where the
// provider takes nothing else; never in an address.
func TestExchange(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/login?room=a")
	w.get("/login?room=a")
	w.provider.Change(func(h *signintest.Habits) {
		h.Metadata = map[string]any{"token_endpoint_auth_methods_supported": []string{"private_key_jwt", "client_secret_post"}}
	})
	secret := url.QueryEscape(signintest.Secret)
	w.provider.Seen(func(p *signintest.Provider) {
		if p.Basic[0] != "meet:"+secret || p.Asked[0].Get("client_secret") != "" {
			t.Errorf("%q, %v", p.Basic[0], p.Asked[0])
		}
		if v := p.Asked[0].Get("code_verifier"); len(v) < 43 || v == p.Asked[1].Get("code_verifier") {
			t.Errorf("the verifier is %q", v)
		}
	})
	again := newWorldAt(t, w.provider, nil)
	a := again.get("/login?room=a")
	w.provider.Seen(func(p *signintest.Provider) {
		if last := len(p.Basic) - 1; p.Basic[last] != ":" || p.Asked[last].Get("client_secret") != signintest.Secret {
			t.Errorf("%q, %v", p.Basic[last], p.Asked[last])
		}
	})
	for _, u := range a.redirect {
		if strings.Contains(u.String(), "client+secret") || strings.Contains(u.RawQuery, "code_verifier") {
			t.Errorf("%v", u)
		}
	}
	q := a.redirect[0].Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("nonce")) != 22 || len(q.Get("state")) != 22 || q.Get("scope") != "openid profile email" ||
		q.Get("redirect_uri") != again.http.URL+"/login/callback/"+host {
		t.Errorf("%v", q)
	}
}

// TestMixUp: an answer is of the provider that the person was sent to, and of the host.
func TestMixUp(t *testing.T) {
	w := newWorld(t, nil)
	iss := func(value string) {
		w.provider.Change(func(h *signintest.Habits) { h.Answer = func(q url.Values) { q.Set("iss", value) } })
	}
	iss("https://evil.example")
	w.refused(w.get("/login?room=a"), auth.ReasonSignInState)
	iss(w.provider.URL)
	if a := w.get("/login?room=a"); a.token() == "" {
		t.Error(a.body)
	}
	w.provider.Change(func(h *signintest.Habits) {
		h.Answer, h.Metadata = nil, map[string]any{"authorization_response_iss_parameter_supported": true}
	})
	named := newWorldAt(t, w.provider, nil)
	named.refused(named.get("/login?room=a"), auth.ReasonSignInState)
	// the state of one host at the other
	both := newWorldAt(t, w.provider, func(w *world, h *signin.HostSettings, _ *signin.Options) { w.second = "other.example.com" })
	w.provider.Change(func(h *signintest.Habits) {
		h.Answer = func(q url.Values) { q.Set("iss", w.provider.URL) }
	})
	before := both.begin("/login?room=a&host=" + host)
	if a := both.get(strings.Replace(before, "/callback/"+host, "/callback/other.example.com", 1)); a.token() != "" {
		t.Errorf("%v", a.at)
	}
	both.refused(both.get(strings.Replace(before, "/callback/"+host, "/callback/other.example.com", 1)), auth.ReasonSignInState)
	if a := both.get("/login/callback/none.example.com?state=x"); a.status != http.StatusNotFound {
		t.Errorf("a host that there is not: %d", a.status)
	}
}

// TestOnce: a state is good once, in the browser that began, for ten minutes.
func TestOnce(t *testing.T) {
	clock := &clock{}
	w := newWorld(t, func(_ *world, _ *signin.HostSettings, o *signin.Options) { o.Now = clock.now })
	back := w.begin("/login?room=a")
	saved := w.browser.Jar.Cookies(mustURL(t, w.http.URL))
	if a := w.get(back); a.token() == "" {
		t.Fatal(a.body)
	}
	w.refused(w.get(back), auth.ReasonSignInState) // the cookie is gone
	w.browser.Jar.SetCookies(mustURL(t, w.http.URL), saved)
	w.refused(w.get(back), auth.ReasonSignInState) // and would not help
	if _, detail := w.outcomes.last(); !strings.Contains(detail, "already") {
		t.Error(detail)
	}
	// another browser
	back = w.begin("/login?room=a")
	other := *w.browser
	w.browser = &http.Client{Jar: newJar(t)}
	w.refused(w.get(back), auth.ReasonSignInState)
	w.browser = &other
	// another state under the name of this one
	q := mustURL(t, back).Query()
	q.Set("state", q.Get("state")[:8]+"AAAAAAAAAAAAAA")
	w.refused(w.get("/login/callback/"+host+"?"+q.Encode()), auth.ReasonSignInState)
	// too late
	back = w.begin("/login?room=a")
	clock.add(10*time.Minute + time.Second)
	w.refused(w.get(back), auth.ReasonSignInState)
	for _, query := range []string{"", "state=", "state=x", "code=c", "state=" + strings.Repeat("A", 22), "state=a&state=b", "%zz", "state=" + strings.Repeat("A", 5000)} {
		w.refused(w.get("/login/callback/"+host+"?"+query), auth.ReasonSignInState)
	}
}

// TestErrorAnswers: the provider's no is told as one, in words of ours.
func TestErrorAnswers(t *testing.T) {
	w := newWorld(t, nil)
	w.provider.Change(func(h *signintest.Habits) {
		h.Answer = func(q url.Values) {
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("error_description", "<script>alert(1)</script>")
		}
	})
	a := w.get("/login?room=Standup")
	w.refused(a, auth.ReasonSignInRefused)
	if strings.Contains(a.body, "script") || !strings.Contains(a.body, `href="/login?host=meet.example.com&amp;`) || !strings.Contains(a.body, "/Standup") {
		t.Error(a.body)
	}
	w.provider.Change(func(h *signintest.Habits) { h.Answer = func(q url.Values) { q.Set("code", strings.Repeat("x", 5000)) } })
	w.refused(w.get("/login?room=a"), auth.ReasonSignInRefused)
	w.provider.Change(func(h *signintest.Habits) { h.Answer = func(q url.Values) { q.Set("code", "wrong") } })
	w.refused(w.get("/login?room=a"), auth.ReasonSignInRefused)
	if strings.Contains(w.log.String(), "wrong") {
		t.Error("the code is in the log")
	}
}

// TestRates: 20 a minute of one address come back, others are not held back by it, and whom it holds back is not lost.
func TestRates(t *testing.T) {
	clock := &clock{}
	w := newWorld(t, func(_ *world, _ *signin.HostSettings, o *signin.Options) { o.Now = clock.now })
	for i := range 20 {
		if a := w.get("/login?room=a"); a.token() == "" {
			t.Fatalf("%d: %s", i, a.body)
		}
	}
	back := w.begin("/login?room=a")
	a := w.get(back)
	w.refused(a, auth.ReasonOverloaded)
	if a.status != http.StatusTooManyRequests || a.header.Get("Refresh") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	from := w.from
	w.from = netip.MustParsePrefix("192.0.2.2/32")
	if a := w.get("/login?room=a"); a.token() == "" {
		t.Error(a.body)
	}
	w.from = from
	clock.add(4 * time.Second)
	if a := w.get(back); a.token() == "" {
		t.Error(a.body)
	}
}
