package signin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/e2e/provider"
	"usher/e2e/world"
)

// TestAway: what people meet while a part is away or changes in the middle of their sign-in.
func TestAway(t *testing.T) {
	t.Parallel()
	d := open(t, world.AnyVersion(t), option{})
	t.Run("usher restarts", func(t *testing.T) {
		v := d.visitor(t)
		begun := v.begins("room=standup")
		d.Usher.Kill()
		mark := d.Usher.Mark()
		d.Usher.Start()
		d.AwaitComponent(mark)
		back := v.signs(begun, "alice").String()
		v.await(func() bool { return v.get(back).to != nil })
		v.refused(v.get(back), "sign_in_state")
	})
	t.Run("the provider has a new key", func(t *testing.T) {
		d.provider.Rotate(false)
		d.visitor(t).comes("room=standup", "alice")
	})
	t.Run("the provider is slow", func(t *testing.T) {
		d.provider.Hold(20 * time.Second)
		v := d.visitor(t)
		back := v.signs(v.begins("room=standup"), "alice").String()
		begun := time.Now()
		v.refused(v.get(back), "provider_unavailable")
		if took := time.Since(begun); took > 8*time.Second {
			t.Errorf("the person waits for %v", took)
		}
		d.provider.Hold(0)
	})
	t.Run("the configuration changes", func(t *testing.T) {
		v := d.visitor(t)
		config := d.Usher.Read("usher.yaml")
		without, _, _ := strings.Cut(config, "\nlogin:\n")
		back := v.signs(v.begins("room=standup"), "alice").String()
		d.Usher.Write("usher.yaml", without)
		v.await(func() bool { return v.get(origin+"/login?room=standup").status == http.StatusNotFound })
		if a := v.get(back); a.status != http.StatusNotFound {
			t.Errorf("an answer gets %d without the section login", a.status)
		}
		d.Usher.Write("usher.yaml", strings.Replace(config, "client_id: meet", "client_id: other", 1))
		v.await(func() bool { return v.get(origin+"/login?room=standup").to != nil })
		if a := v.get(v.get(origin + "/login?room=standup").to.String()); a.status == http.StatusOK || a.to != nil {
			t.Errorf("the provider knows a client that it does not have: %d", a.status)
		}
		d.Usher.Write("usher.yaml", config)
		v.await(func() bool {
			to := v.get(origin + "/login?room=standup").to
			return to != nil && to.Query().Get("client_id") == "meet"
		})
		v.comes("room=standup", "alice")
	})
	t.Run("the provider is down", func(t *testing.T) {
		v := d.visitor(t)
		back := v.signs(v.begins("room=standup"), "alice").String()
		d.provider.Stop()
		v.refused(v.get(back), "provider_unavailable")
		d.enters(t, world.Token(t, "carol", "standup", nil), "standup") // nobody else notices
		d.provider.Begin()
		d.visitor(t).comes("room=standup", "alice")
	})
}

// await asks until it is so.
func (v *visitor) await(is func() bool) {
	v.t.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			v.t.Fatalf("it never is\n%s", v.door.Usher.Log())
		}
	}
}

// TestProviders: providers that are unlike Keycloak: Authentik's issuer ends in a slash, Entra dates its tokens back, some
// name several audiences.
func TestProviders(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]option{
		"a slash at the end": {provider: provider.Config{Path: "/application/o/meet/"}},
		"five minutes back":  {skew: 300, host: "    tokens: {leeway: 0s}\n"},
		"several audiences":  {audience: []string{"account", "other"}},
		"iss in the answer":  {provider: provider.Config{Says: true}},
		"a public client":    {public: true},
		"tokens by e-mail":   {moderators: "email=bob@example.com, email=alice@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, world.AnyVersion(t), o)
			token := tokenOf(t, d.visitor(t).comes("room=standup", "alice"))
			if got := d.enters(t, token, "standup"); got != "moderator/owner" {
				t.Errorf("alice is %s", got)
			}
			token = tokenOf(t, d.visitor(t).comes("room=standup", "bob"))
			if got := d.enters(t, token, "standup"); got != "participant/member" {
				t.Errorf("bob, whose address nobody has verified, is %s", got)
			}
			seen := strings.Join(d.provider.Seen(), "\n")
			if !strings.Contains(seen, "authorization_code with a verifier") {
				t.Errorf("the provider was asked\n%s", seen)
			}
		})
	}
}

// TestLong: a room with as many parameters as may go back, and with tabs that wait besides, has a way through nginx.
func TestLong(t *testing.T) {
	t.Parallel()
	d := open(t, world.AnyVersion(t), option{})
	v := d.visitor(t)
	for range 4 {
		v.begins("room=standup")
	}
	state := `{"config.long":"` + strings.Repeat("x", 1900) + `"}`
	ends := v.comes("room="+strings.Repeat("r", 200)+"&state="+url.QueryEscape(state), "alice")
	if !strings.Contains(ends.String(), strings.Repeat("x", 1900)) {
		t.Errorf("it ends at %.300s", ends)
	}
	a := v.get(origin + "/login?room=standup&state=" + url.QueryEscape(`{"config.long":"`+strings.Repeat("x", 3000)+`"}`))
	if a.status != http.StatusBadRequest {
		t.Errorf("too long a state gets %d", a.status)
	}
}
