package signin_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/signin"
	"usher/auth/signin/signintest"
)

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
		"by the client's secret": func(s string) string {
			_, rest, _ := strings.Cut(s, ".")
			payload, _, _ := strings.Cut(rest, ".")
			signed := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + payload
			mac := hmac.New(sha256.New, []byte(signintest.Secret))
			mac.Write([]byte(signed))
			return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
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
	began, let := time.Now(), 0
	back := w.begin("/login?room=a")
	a := w.get(back)
	for ; a.token() != ""; let++ {
		back = w.begin("/login?room=a")
		a = w.get(back)
	}
	if most := 20 + int(time.Since(began)/(3*time.Second)); let < 20 || let > most {
		t.Errorf("%d come back, not 20 to %d", let, most)
	}
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
