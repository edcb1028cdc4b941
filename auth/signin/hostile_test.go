package signin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"usher/auth"
	"usher/auth/claim"
	"usher/auth/keys"
	"usher/auth/signin"
	"usher/auth/signin/signintest"
)

// TestNoWayOutOfThePage: neither a room nor a tenant leads out of the path of a page, or of its token.
func TestNoWayOutOfThePage(t *testing.T) {
	w := newWorld(t, func(w *world, h *signin.HostSettings, _ *signin.Options) {
		h.Pages, h.Tenants = []string{w.http.URL + "/jitsi"}, []string{"*"}
	})
	for _, tenant := range []string{".", "..", "%2e%2e", "a/..", "..%2f", "‥", "．．", "a/b", "\\", "a b", "a]b", "[a"} {
		for _, room := range []string{"evil", "a/../../evil"} {
			a := w.get("/login?room=" + url.QueryEscape(room) + "&tenant=" + url.QueryEscape(tenant))
			if reason, _ := w.outcomes.last(); reason != "ok" {
				w.refused(a, auth.ReasonSignInRoom)
				continue
			}
			if !strings.HasPrefix(a.at.Path, "/jitsi/") || strings.Contains(a.at.EscapedPath()+"/", "/../") || strings.Contains(a.at.EscapedPath()+"/", "/./") {
				t.Errorf("tenant %q: %v", tenant, a.at)
			}
		}
	}
}

// TestLongWishes: what does not fit is the link's fault, and no error of usher's.
func TestLongWishes(t *testing.T) {
	w := newWorld(t, nil)
	many := url.Values{}
	for i := range 150 {
		many.Set(fmt.Sprint("config.a", i), "1")
	}
	long := strings.Repeat("ä＆", 100)
	for _, q := range []string{"room=" + url.QueryEscape(long) + "&state=" + url.QueryEscape(many.Encode()),
		"room=" + strings.Repeat("r", 512) + "&tenant=" + strings.Repeat("t", 255) + "&state=" + url.QueryEscape(`{"config.a":"`+strings.Repeat("x", 1900)+`"}`)} {
		w.get("/login?" + q)
		if reason, detail := w.outcomes.last(); reason == string(auth.ReasonInternalError) {
			t.Errorf("%s: %s", reason, detail)
		}
	}
}

// TestInternalServices: a provider that is asked by https sends usher to no service of this machine by http.
func TestInternalServices(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a service of this machine was asked")
	}))
	defer inside.Close()
	for _, name := range []string{"", "token_endpoint", "jwks_uri", "authorization_endpoint", "end_session_endpoint"} {
		var issuer string
		secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			m := map[string]string{"issuer": issuer, "authorization_endpoint": issuer + "/a", "token_endpoint": issuer + "/t",
				"jwks_uri": issuer + "/j", "end_session_endpoint": issuer + "/e"}
			if name != "" {
				m[name] = inside.URL
			}
			_ = json.NewEncoder(w).Encode(m)
		}))
		issuer = secure.URL
		w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
			h.Provider.Issuer = issuer
			h.Provider.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
		})
		if s := w.door.Status()[0]; s.Known != (name == "") || name != "" && !strings.Contains(s.Failure, name) {
			t.Errorf("%q: %+v", name, s)
		}
		secure.Close()
	}
}

// TestClientOfAnybody: a client_id that stands for every audience is none.
func TestClientOfAnybody(t *testing.T) {
	w := newWorld(t, nil)
	h := w.settings.Hosts[host]
	h.Provider.ClientID = "*"
	if _, err := w.door.Prepare(signin.Settings{Secrets: w.settings.Secrets, Hosts: map[string]signin.HostSettings{host: h}}); err == nil {
		t.Error("it is taken")
	}
}

// TestSecretIsNoKey: the client's secret signs no ID token, whatever the token or the provider's key set says of it.
func TestSecretIsNoKey(t *testing.T) {
	w := newWorld(t, nil)
	sum := sha256.Sum256([]byte(signintest.Secret))
	for name, secret := range map[string][]byte{"the secret": []byte(signintest.Secret + strings.Repeat("=", 16)), "its print": sum[:]} {
		key, err := keys.SecretSigningKey(secret, "HS256")
		if err != nil {
			t.Fatal(err)
		}
		for _, header := range []string{`{"alg":"HS256"}`, `{"alg":"HS256","kid":"oct"}`, `{"alg":"RS256","kid":"oct"}`} {
			w.provider.Change(func(h *signintest.Habits) {
				h.Keys = func(jwks string) string {
					return strings.TrimSuffix(jwks, "]}") + `,{"kty":"oct","kid":"oct","alg":"HS256","k":"` +
						base64.RawURLEncoding.EncodeToString(secret) + `"}]}`
				}
				h.Sign = func(token string) string {
					payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
					if err != nil {
						t.Fatal(err)
					}
					forged, err := keys.Compact(key, []byte(header), payload)
					if err != nil {
						t.Fatal(err)
					}
					return forged
				}
			})
			a := w.get("/login?room=a")
			if reason, _ := w.outcomes.last(); reason == "ok" || a.token() != "" {
				t.Errorf("%s, %s: %s", name, header, reason)
			}
		}
	}
}

// TestAgain: who tries again is sent back as the first link would have, with the room's own parameters, or to the console.
func TestAgain(t *testing.T) {
	w := newWorld(t, func(_ *world, h *signin.HostSettings, _ *signin.Options) {
		h.Schemes = map[string]string{signin.AppMobile: "org.jitsi.meet"}
		h.Consoles = []signin.Console{{URL: "https://console.example.com", Audience: "usher-console", Claim: claim.Test{Path: claim.Path{"ops"}}}}
	})
	again := regexp.MustCompile(`class="first" href="([^"]*)"`)
	for query, want := range map[string]string{
		"room=Team+1&state=" + url.QueryEscape(`{"config.subject":"A & B","config.a":[1]}`): "#jwt=",
		"room=a&state=" + url.QueryEscape(`{"ios":true,"config.b":"\"x\""}`):                "org.jitsi.meet://",
		"console=1": "https://console.example.com/enter#",
	} {
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"ops": true} })
		token := regexp.MustCompile(`eyJ[A-Za-z0-9._-]+`)
		first := w.get("/login?" + query)
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"nonce": "another"} })
		refused := w.get("/login?" + query)
		w.refused(refused, auth.ReasonSignInToken)
		link := again.FindStringSubmatch(refused.body)
		if link == nil {
			t.Fatalf("%s: there is no link: %s", query, refused.body)
		}
		w.provider.Change(func(h *signintest.Habits) { h.Claims = map[string]any{"ops": true} })
		second := w.get(html.UnescapeString(link[1]))
		where := func(a answer) string {
			return token.ReplaceAllString(a.at.Scheme+"://"+a.at.Host+a.at.Path+"#"+a.at.EscapedFragment()+a.body, "TOKEN")
		}
		if a, b := where(first), where(second); a != b || !strings.Contains(b, want) || !strings.Contains(b, "TOKEN") {
			t.Errorf("%s:\n%s\n%s", query, a, b)
		}
	}
}

// TestManyAtOnce: of answers with one state that come at the same moment one gets a token.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	back := w.begin("/login?room=a")
	cookies := w.browser.Jar.Cookies(mustURL(t, w.http.URL))
	var given atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, back, nil)
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range cookies {
				r.AddCookie(c)
			}
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			if strings.Contains(resp.Header.Get("Location"), "#jwt=") {
				given.Add(1)
			}
		})
	}
	all.Wait()
	if n := given.Load(); n != 1 {
		t.Errorf("%d tokens were given", n)
	}
	w.provider.Seen(func(p *signintest.Provider) {
		if len(p.Asked) != 1 {
			t.Errorf("the code was sent %d times", len(p.Asked))
		}
	})
}

// TestReloadMeanwhile: what is in force when the provider has answered counts, not what was when it was asked.
func TestReloadMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	as := func(change func(h *signin.HostSettings)) signin.Settings {
		h := w.settings.Hosts[host]
		change(&h)
		return signin.Settings{Secrets: w.settings.Secrets, Hosts: map[string]signin.HostSettings{host: h}}
	}
	begin := func() {
		w.configure(w.settings)
		w.await(func() bool { return w.door.Status()[0].Known && len(w.door.Status()[0].Keys) > 0 })
	}
	for want, next := range map[auth.Reason]signin.Settings{
		auth.ReasonSignInNotAllowed: as(func(h *signin.HostSettings) { h.Who = []claim.Test{{Path: claim.Path{"groups"}, Value: "staff"}} }),
		auth.ReasonSignInRoom:       as(func(h *signin.HostSettings) { h.Rooms = []string{"b*"} }),
		auth.ReasonSignInState:      as(func(h *signin.HostSettings) { h.Provider.ClientID = "another" }),
	} {
		begin()
		w.provider.Change(func(h *signintest.Habits) {
			h.Sign = func(token string) string {
				w.configure(next)
				return token
			}
		})
		w.refused(w.get("/login?room=a"), want)
	}
	begin()
	w.provider.Change(func(h *signintest.Habits) {
		h.Sign = func(token string) string {
			w.configure(signin.Settings{})
			return token
		}
	})
	w.refused(w.get("/login?room=a"), auth.ReasonSignInState)
}

// TestModeratorsMeanwhile: a claim that has just ceased to make moderators makes none, however soon the provider answers.
func TestModeratorsMeanwhile(t *testing.T) {
	w := newWorld(t, nil)
	h := w.settings.Hosts[host]
	h.Moderators = []claim.Test{{Path: claim.Path{"groups"}, Value: "teachers"}}
	next := signin.Settings{Secrets: w.settings.Secrets, Hosts: map[string]signin.HostSettings{host: h}}
	w.provider.Change(func(p *signintest.Habits) {
		p.Claims = map[string]any{"realm_access": map[string]any{"roles": []string{"moderator"}}}
	})
	if w.get("/login?room=a").claims(t)["moderator"] != true {
		t.Fatal("the claim makes no moderator")
	}
	w.provider.Change(func(p *signintest.Habits) {
		p.Sign = func(token string) string {
			w.configure(next)
			return token
		}
	})
	for range 15 { // of the 20 a minute that one address may
		w.configure(w.settings)
		if w.get("/login?room=a").claims(t)["moderator"] != false {
			t.Fatal("it still makes one")
		}
	}
}

// TestModeratorsAfterAWait: the settings that are in force once the token's key is there say what the person may, and not
// those of the moment at which the wait for it began.
func TestModeratorsAfterAWait(t *testing.T) {
	for name, change := range map[string]func(h *signin.HostSettings){
		"no moderator": func(h *signin.HostSettings) {
			h.Moderators = []claim.Test{{Path: claim.Path{"groups"}, Value: "teachers"}}
		},
		"not let in": func(h *signin.HostSettings) { h.Who = h.Moderators; h.Who[0].Value = "teacher" },
		"no host":    nil,
	} {
		w := newWorld(t, nil)
		h := w.settings.Hosts[host]
		h.Moderators = slices.Clone(h.Moderators)
		next := signin.Settings{Secrets: w.settings.Secrets, Hosts: map[string]signin.HostSettings{}}
		if change != nil {
			change(&h)
			next.Hosts[host] = h
		}
		w.provider.Rotate(t, "RS256") // so that the key has to be fetched
		w.provider.Change(func(p *signintest.Habits) {
			p.Claims = map[string]any{"realm_access": map[string]any{"roles": []string{"moderator"}}}
			p.Keys = func(jwks string) string {
				w.configure(next)
				return jwks
			}
		})
		a := w.get("/login?room=a")
		if name == "no moderator" {
			if a.token() == "" || a.claims(t)["moderator"] != false {
				t.Errorf("%s: it still makes one: %q", name, a.token())
			}
		} else if a.token() != "" {
			t.Errorf("%s: a token is made", name)
		}
	}
}
