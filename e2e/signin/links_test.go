package signin

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/e2e/world"
)

// state is what Jitsi's page says of where it is.
func state(json string) string { return "&state=" + url.QueryEscape(json) }

// TestLinks: rooms of tenants, the apps' links, and what the browser is told about what it gets.
func TestLinks(t *testing.T) {
	t.Parallel()
	d := open(t, world.AnyVersion(t), option{login: ", tenants: [acme, " + world.Meet + "], app_schemes: {mobile: org.jitsi.meet}"})
	v := d.visitor(t)
	t.Run("tenants", func(t *testing.T) {
		ends := v.comes("room=Board"+state(`{"room":"Board","roomSafe":"board","tenant":"acme"}`), "alice")
		token := tokenOf(t, ends)
		if ends.Path != "/acme/Board" || claimsOf(t, token)["sub"] != "acme" {
			t.Errorf("it ends at %s", ends)
		}
		room := world.Room("[acme]board")
		d.Begin(room)
		p := d.Follow(t, world.Link{Token: token, Room: "board", Tenant: "acme"})
		if got := p.Meets(room); got != "moderator/owner" {
			t.Errorf("alice is %s in her tenant", got)
		}
		d.Begin(world.Room("board"))
		p.IsRefused(world.Room("board"), "not-allowed")
		v.refused(v.get(origin+"/login?room=board"+state(`{"tenant":"other"}`)), "sign_in_room")
	})
	t.Run("apps", func(t *testing.T) {
		a := v.get(v.signs(v.begins("room=standup"+state(`{"room":"standup","android":true}`)), "alice").String())
		link := html.UnescapeString(string(regexp.MustCompile(`href="(org[^"]+)"`).Find([]byte(a.text))))
		if a.status != http.StatusOK || a.to != nil || !strings.HasPrefix(link, `href="org.jitsi.meet://`+world.Meet+"/standup#jwt=%22ey") {
			t.Errorf("the app is told %d %v\n%s", a.status, a.to, a.text)
		}
		a = v.get(v.signs(v.begins("room=standup"+state(`{"room":"standup","electron":true}`)), "alice").String())
		if a.to == nil || a.to.Scheme != "https" {
			t.Errorf("an app without a scheme of its own is told %v\n%s", a.to, a.text)
		}
	})
	t.Run("headers", func(t *testing.T) {
		begun := v.begins("room=standup")
		cookie := begun.header.Get("Set-Cookie")
		for _, want := range []string{"__Host-login-", "; Path=/", "; Max-Age=600", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie has no %q: %s", want, cookie)
			}
		}
		if strings.Contains(cookie, "Domain=") {
			t.Errorf("the cookie is for other hosts, too: %s", cookie)
		}
		for i, a := range []answer{begun, v.get(v.signs(begun, "alice").String()), v.get(origin + "/login"),
			v.get(origin + "/login/logout")} {
			policy := []string{"no-referrer", "no-referrer", "no-referrer", "same-origin"}[i] // the last one has a form
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != policy ||
				!strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Errorf("%d has %v", a.status, a.header)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodHead, http.MethodPut} {
			if a := v.do(method, origin+"/login?room=standup", nil, nil); a.status != http.StatusMethodNotAllowed {
				t.Errorf("%s gets %d", method, a.status)
			}
		}
	})
	d.quiet(t)
}

// quiet wants no log and no figure to have what is nobody's but the person's.
func (d *door) quiet(t *testing.T) {
	t.Helper()
	for name, text := range map[string]string{"usher's log": d.Usher.Log(), "the figures": d.Usher.Scrape(t)} {
		for _, secret := range []string{"eyJ", "code=", "state=", "a secret of the client's", "verifier", "alice@example.com"} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, secret) {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
	}
	if !slices.ContainsFunc(strings.Split(d.Usher.Scrape(t), "\n"), func(line string) bool {
		return strings.HasPrefix(line, `usher_auth_requests_total{door="signin"`)
	}) {
		t.Error("sign-ins are not counted")
	}
}
