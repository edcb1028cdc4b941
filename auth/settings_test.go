package auth_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/claim"
)

func TestHosts(t *testing.T) {
	c := authtest.Config(host)
	maps.Copy(c.Hosts, authtest.Config("other.example.com").Hosts)
	v := newVerifier(t, c)
	token := authtest.Token(t, authtest.Claims(host, nil))
	for name, want := range map[string]auth.Reason{
		host: "", "MEET.EXAMPLE.COM": "", "": auth.ReasonUnknownHost, "third.example.com": auth.ReasonUnknownHost,
		"other.example.com": auth.ReasonSubjectMismatch,
	} {
		if _, got := decide(t, v, auth.Credentials{Host: name, Token: token}); got != want {
			t.Errorf("host %q: reason %q, want %q", name, got, want)
		}
	}
}

func TestSettings(t *testing.T) {
	hour := func(more map[string]any) map[string]any {
		return authtest.Claims(host, more)
	}
	tests := []struct {
		name   string
		change func(*auth.HostConfig, *auth.IssuerConfig)
		claims map[string]any
		want   auth.Reason
	}{
		{"no exp wanted", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.RequireExp = false }, hour(map[string]any{"exp": nil}), ""},
		{"no room wanted", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.RequireRoom = false }, hour(map[string]any{"room": nil}), ""},
		{"no audience", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Audience = nil }, hour(map[string]any{"aud": nil}), ""},
		{"no audience, bad type", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Audience = nil }, hour(map[string]any{"aud": 1}), auth.ReasonBadClaims},
		{"any audience", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Audience = []string{"*"} }, hour(map[string]any{"aud": "x"}), ""},
		{"any audience, absent", func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Audience = []string{"*"} }, hour(map[string]any{"aud": nil}), auth.ReasonAudienceMismatch},
		{"any subject", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Subject = auth.SubjectAny }, hour(map[string]any{"sub": nil}), ""},
		{"tenant", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Subject = auth.SubjectTenant }, hour(map[string]any{"sub": "team"}), ""},
		{"tenant absent", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Subject = auth.SubjectTenant }, hour(map[string]any{"sub": nil}), auth.ReasonSubjectMismatch},
		{"lifetime without iat", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.MaxLifetime = time.Hour }, hour(nil), auth.ReasonLifetimeTooLong},
		{"lifetime without exp", func(h *auth.HostConfig, i *auth.IssuerConfig) {
			h.MaxLifetime, i.RequireExp = time.Hour, false
		}, hour(map[string]any{"exp": nil, "iat": now.Unix()}), auth.ReasonLifetimeTooLong},
		{"lifetime since ever", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.MaxLifetime = time.Hour
		}, hour(map[string]any{"iat": -9e15}), auth.ReasonLifetimeTooLong},
		{"lifetime too long", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.MaxLifetime = time.Hour }, hour(map[string]any{"iat": now.Add(-2 * time.Hour).Unix()}), auth.ReasonLifetimeTooLong},
		{"lifetime good", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.MaxLifetime = 3 * time.Hour }, hour(map[string]any{"iat": now.Unix()}), ""},
		{"other typ", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Types = []string{"x"} }, hour(nil), auth.ReasonBadHeader},
		{"second account claim", func(h *auth.HostConfig, _ *auth.IssuerConfig) { h.Account = []claim.Path{{"email"}, {"sub"}} }, hour(nil), ""},
		{"unicode", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.UnicodeAccounts, h.Account = true, []claim.Path{{"n"}}
		}, hour(map[string]any{"n": "Иван"}), ""},
		{"unicode, full-width", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.UnicodeAccounts, h.Account = true, []claim.Path{{"n"}}
		}, hour(map[string]any{"n": "ａｄｍｉｎ"}), auth.ReasonAccountNotAllowed},
		{"unicode, soft hyphen", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.UnicodeAccounts, h.Account = true, []claim.Path{{"n"}}
		}, hour(map[string]any{"n": "adm\u00adin"}), auth.ReasonAccountNotAllowed},
		{"unicode, Kelvin sign", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.UnicodeAccounts, h.Account = true, []claim.Path{{"n"}}
		}, hour(map[string]any{"n": "\u212aate"}), auth.ReasonAccountNotAllowed},
		{"unicode, long s", func(h *auth.HostConfig, _ *auth.IssuerConfig) {
			h.UnicodeAccounts, h.Account = true, []claim.Path{{"n"}}
		}, hour(map[string]any{"n": "u\u017fer"}), auth.ReasonAccountNotAllowed},
	}
	for _, test := range tests {
		v := newVerifier(t, hostConfig(test.change))
		if _, got := decide(t, v, auth.Credentials{Token: authtest.Token(t, test.claims)}); got != test.want {
			t.Errorf("%s: reason %q, want %q", test.name, got, test.want)
		}
	}
}

func TestReload(t *testing.T) {
	other := strings.Repeat("0123456789abcdef", 4)
	old := auth.Credentials{Token: authtest.Token(t, authtest.Claims(host, nil))}
	next := auth.Credentials{Token: authtest.TokenBy(t, other, authtest.Claims(host, nil))}
	v := newVerifier(t, authtest.Config(host))
	steps := []struct {
		name      string
		config    auth.Config
		old, next auth.Reason
		fails     bool
	}{
		{"both", authtest.ConfigWith(host, other, authtest.Secret), "", "", false},
		{"bad", hostConfig(func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Algorithms = []string{"none"} }), "", "", true},
		{"new only", authtest.ConfigWith(host, other), auth.ReasonBadSignature, "", false},
	}
	for _, step := range steps {
		if err := v.Reload(step.config); (err != nil) != step.fails {
			t.Errorf("%s: %v", step.name, err)
		}
		if _, got := decide(t, v, old); got != step.old {
			t.Errorf("%s: old secret: %q", step.name, got)
		}
		if _, got := decide(t, v, next); got != step.next {
			t.Errorf("%s: new secret: %q", step.name, got)
		}
	}
}
