package tokens_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
	"usher/internal/console/tokens"
)

const (
	host     = "meet.example.com"
	audience = "usher-console"
)

// revoked are the users whose tokens are.
type revoked map[string]bool

func (r revoked) Revoked(id auth.Identity) bool {
	return id.Host == host && id.Issuer == authtest.Issuer && r[id.AccountClaim]
}

func doors() auth.Config {
	c := authtest.Config(host)
	h := c.Hosts[host]
	i := h.Issuers[authtest.Issuer]
	i.Audience = []string{"jitsi"}
	h.Issuers[authtest.Issuer] = i
	return c
}

func admin() tokens.Admin {
	test, err := claim.ParseTest("roles=usher-admin")
	if err != nil {
		panic(err)
	}
	return tokens.Admin{Host: host, Issuer: authtest.Issuer, Claim: test, Audience: audience}
}

// good are the claims of a token that makes an operator, with others in the place of some.
func good(more map[string]any) map[string]any {
	now := time.Now().Unix()
	claims := authtest.Claims(host, map[string]any{"aud": audience, "roles": []string{"x", "usher-admin"}, "iat": now, "exp": now + 600,
		"context": map[string]any{"user": map[string]any{"id": "alice", "name": "root"}}})
	delete(claims, "room")
	for name, v := range more {
		if claims[name] = v; v == nil {
			delete(claims, name)
		}
	}
	return claims
}

func newVerifier(t *testing.T, r revoked, admins ...tokens.Admin) *tokens.Verifier {
	t.Helper()
	v, err := tokens.New(r, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	configure(t, v, doors(), admins...)
	return v
}

func configure(t *testing.T, v *tokens.Verifier, c auth.Config, admins ...tokens.Admin) {
	t.Helper()
	p, err := v.Prepare(c, admins)
	if err != nil {
		t.Fatal(err)
	}
	p.Commit()
}

// TestProve: a token makes an operator if all four are as they should be, and no other one does; above all no link to a
// meeting.
func TestProve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, revoked{"revoked": true}, admin())
		now := time.Now().Unix()
		user := func(id any) map[string]any { return map[string]any{"user": map[string]any{"id": id}} }
		for name, c := range map[string]struct {
			more map[string]any
			why  string // empty: it makes one
		}{
			"good":                        {nil, ""},
			"one audience as a list":      {map[string]any{"aud": []string{audience}}, ""},
			"a link to a meeting":         {map[string]any{"aud": "jitsi", "room": "*"}, "audience_mismatch"},
			"both audiences":              {map[string]any{"aud": []string{audience, "jitsi"}}, "alone"},
			"the audience twice":          {map[string]any{"aud": []string{audience, audience}}, "alone"},
			"no audience":                 {map[string]any{"aud": nil}, "audience_mismatch"},
			"a part of the audience":      {map[string]any{"aud": "usher"}, "audience_mismatch"},
			"without the claim":           {map[string]any{"roles": nil}, "claim"},
			"another role":                {map[string]any{"roles": []string{"usher-admins"}}, "claim"},
			"a moderator":                 {map[string]any{"roles": nil, "moderator": true}, "claim"},
			"for eleven minutes":          {map[string]any{"exp": now + 660}, "lifetime"},
			"without iat":                 {map[string]any{"iat": nil}, "lifetime"},
			"without exp":                 {map[string]any{"exp": nil}, "exp"},
			"iat in the future":           {map[string]any{"iat": now + 3600, "exp": now + 3700}, "lifetime"},
			"expired":                     {map[string]any{"iat": now - 700, "exp": now - 100}, "expired"},
			"not yet":                     {map[string]any{"nbf": now + 100}, "not_yet_valid"},
			"that names nobody":           {map[string]any{"context": nil}, "names no user"},
			"of somebody who was revoked": {map[string]any{"context": user("revoked")}, "revoked"},
			"of another issuer":           {map[string]any{"iss": "other"}, "issuer"},
		} {
			o, err := v.Prove(t.Context(), authtest.Token(t, good(c.more)))
			switch {
			case c.why == "" && (err != nil || o.User != "alice" || o.Host != host || o.Issuer != authtest.Issuer || !o.Holds()):
				t.Errorf("%s: %+v, %v", name, o, err)
			case c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why) || o.Holds != nil):
				t.Errorf("%s: %+v, %v", name, o, err)
			}
		}
		token := authtest.Token(t, good(nil))
		for name, bad := range map[string]string{"another's signature": authtest.TokenBy(t, strings.Repeat("k", 40), good(nil)),
			"a changed one": token[:len(token)-3] + "AAA", "no token": "a.b.c", "in JSON": `{"payload":"x","a.b.":"c"}`} {
			if _, err := v.Prove(t.Context(), bad); err == nil || strings.Contains(err.Error(), bad) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestDoorsKeepTheirTokens: what is good at the console opens no meeting.
func TestDoorsKeepTheirTokens(t *testing.T) {
	v, err := auth.New(doors(), auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Authenticate(t.Context(), auth.Credentials{Door: "http", Host: host, Token: authtest.Token(t, good(map[string]any{"room": "*"}))})
	if err == nil {
		t.Error("a token for the console opens a meeting")
	}
}

// TestHolds: an operator is none any more once the token is revoked, its key is gone, or the entry that made one is.
func TestHolds(t *testing.T) {
	other := admin()
	other.Audience = "another"
	withKey := func(secret string) auth.Config {
		c, rotated := doors(), authtest.ConfigWith(host, secret)
		i := c.Hosts[host].Issuers[authtest.Issuer]
		i.Keys = rotated.Hosts[host].Issuers[authtest.Issuer].Keys
		c.Hosts[host].Issuers[authtest.Issuer] = i
		return c
	}
	for name, end := range map[string]func(*tokens.Verifier, revoked){
		"":               func(v *tokens.Verifier, _ revoked) { configure(t, v, doors(), admin()) },
		"another entry":  func(v *tokens.Verifier, _ revoked) { configure(t, v, doors(), other) },
		"no entry":       func(v *tokens.Verifier, _ revoked) { configure(t, v, doors()) },
		"another key":    func(v *tokens.Verifier, _ revoked) { configure(t, v, withKey(strings.Repeat("n", 48)), admin()) },
		"revoked":        func(_ *tokens.Verifier, r revoked) { r["alice"] = true },
		"another beside": func(v *tokens.Verifier, _ revoked) { configure(t, v, doors(), other, admin()) },
	} {
		r := revoked{}
		v := newVerifier(t, r, admin())
		o, err := v.Prove(t.Context(), authtest.Token(t, good(nil)))
		if err != nil {
			t.Fatal(err)
		}
		end(v, r)
		if holds, want := o.Holds(), name == "" || name == "another beside"; holds != want {
			t.Errorf("%s: holds: %v", name, holds)
		}
	}
}

// TestPrepare: no admin is taken whose tokens a door would take as well, whichever host's.
func TestPrepare(t *testing.T) {
	v := newVerifier(t, revoked{})
	set := func(c auth.Config, host string, audience ...string) auth.Config {
		h := authtest.Config(host).Hosts[host]
		i := h.Issuers[authtest.Issuer]
		i.Audience = audience
		h.Issuers[authtest.Issuer] = i
		c.Hosts[host] = h
		return c
	}
	unknown, noClaim, noAudience := admin(), admin(), admin()
	unknown.Host, noClaim.Claim, noAudience.Audience = "x", claim.Test{}, ""
	for name, c := range map[string]struct {
		doors auth.Config
		admin tokens.Admin
	}{
		"any audience":        {set(doors(), host), admin()},
		"any but none":        {set(doors(), host, "*"), admin()},
		"this one":            {set(doors(), host, "jitsi", audience), admin()},
		"at another host":     {set(doors(), "other.example.com", audience), admin()},
		"anything at another": {set(doors(), "other.example.com"), admin()},
		"an unknown host":     {doors(), unknown},
		"without a claim":     {doors(), noClaim},
		"without an audience": {doors(), noAudience},
	} {
		if _, err := v.Prepare(c.doors, []tokens.Admin{c.admin}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := v.Prove(t.Context(), authtest.Token(t, good(nil))); err == nil {
		t.Error("a refused admin is one")
	}
	unknown = admin()
	unknown.Issuer = "other"
	if _, err := v.Prepare(doors(), []tokens.Admin{unknown}); err == nil || !strings.Contains(err.Error(), "not known") {
		t.Errorf("an unknown issuer: %v", err)
	}
	c := doors()
	c.Hosts["other.example.com"] = auth.HostConfig{Issuers: map[string]auth.IssuerConfig{"other": {}}}
	if _, err := v.Prepare(c, []tokens.Admin{admin()}); err != nil {
		t.Errorf("another issuer, which takes any audience: %v", err)
	}
}

// TestNobodyYet: before there are rules a token makes no operator, and nothing breaks.
func TestNobodyYet(t *testing.T) {
	v, err := tokens.New(revoked{}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Prove(t.Context(), authtest.Token(t, good(nil))); !errors.Is(err, tokens.ErrNone) {
		t.Error(err)
	}
}

// TestOwnIssuer: of usher's own tokens the claim counts as it is written, not what the host made of it for its meetings,
// and the person is the one that the sign-in wrote.
func TestOwnIssuer(t *testing.T) {
	for who, isOwn := range map[string]bool{"alice": true, "root": false} {
		c := doors()
		h := c.Hosts[host]
		issuer := h.Issuers[authtest.Issuer]
		issuer.Own = isOwn
		h.Issuers[authtest.Issuer], h.Account = issuer, []claim.Path{{"preferred_username"}}
		c.Hosts[host] = h
		v := newVerifier(t, revoked{})
		configure(t, v, c, admin())
		o, err := v.Prove(t.Context(), authtest.Token(t, good(map[string]any{"preferred_username": "root"})))
		if err != nil || o.User != who {
			t.Errorf("own %v: %+v, %v", isOwn, o, err)
		}
		o, err = v.Prove(t.Context(), authtest.Token(t, good(map[string]any{"preferred_username": "root", "roles": nil, "moderator": true})))
		if err == nil || !strings.Contains(err.Error(), "claim") {
			t.Errorf("own %v: a moderator is an operator: %+v, %v", isOwn, o, err)
		}
	}
}

// TestFurthest: the log says what is wrong by the entry that the token came furthest with.
func TestFurthest(t *testing.T) {
	admins := []tokens.Admin{admin()}
	for _, audience := range []string{"a", "b", "c", "d", "e", "f"} {
		other := admin()
		other.Audience = audience
		admins = append(admins, other)
	}
	v := newVerifier(t, revoked{}, admins...)
	_, err := v.Prove(t.Context(), authtest.Token(t, good(map[string]any{"roles": nil})))
	if err == nil || !strings.Contains(err.Error(), "has not the claim") {
		t.Error(err)
	}
	secrets := map[string]string{host: authtest.Secret, "second.example.com": strings.Repeat("n", 48)}
	rules, second := doors(), admin()
	second.Host = "second.example.com"
	h := authtest.ConfigWith(second.Host, secrets[second.Host]).Hosts[second.Host]
	i := h.Issuers[authtest.Issuer]
	i.Audience = []string{"jitsi"}
	h.Issuers[authtest.Issuer] = i
	rules.Hosts[second.Host] = h
	configure(t, v, rules, second, admin())
	for signed, secret := range secrets {
		nobody := good(map[string]any{"context": map[string]any{"user": map[string]any{"id": map[string]any{}}}})
		_, err = v.Prove(t.Context(), authtest.TokenBy(t, secret, nobody))
		if err == nil || !strings.Contains(err.Error(), "host "+signed+",") {
			t.Errorf("signed by the key of %s: %v", signed, err)
		}
	}
}
