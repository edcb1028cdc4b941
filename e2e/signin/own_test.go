package signin

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/provider"
	"usher/e2e/world"
)

// own is a site with the sign-in that is Jitsi's own, since 2026: the access token itself stands in the link.
type own struct {
	*world.World
	provider *provider.Provider
	browser  *driver.Browser
}

// startOwn starts one.
func startOwn(t *testing.T, v prosody.Version, moderation string) *own {
	t.Helper()
	driver.Require(t)
	driver.RequireJitsi(t)
	back := "https://" + world.Meet + "/static/sso.html"
	w := &own{provider: provider.Start(t, provider.Config{
		Users:   people(),
		Clients: []provider.Client{{ID: "jitsi", Redirects: []string{back}, Audience: []string{"account"}}},
	})}
	w.World = world.New(t, v, world.Options{
		Relay:      &world.Relay{},
		Issuers:    documented(t, "Jitsi's own sign-in", w.provider),
		Host:       "    tokens: {account: [preferred_username], subject: any, leeway: 0s}\n",
		Moderation: `moderators: ["realm_access.roles=moderator"], ` + moderation,
	})
	service := strings.TrimPrefix(w.provider.Issuer, "https://") + "/protocol/openid-connect"
	site := page.Site{Jitsi: true, SSO: page.SSO{TokenService: service, ClientID: "jitsi"},
		TokenAuthURL: "https://" + service + "/auth?client_id=jitsi&response_type=code&scope=openid%20profile&redirect_uri=" +
			back + "&code_challenge_method=S256&code_challenge={code_challenge}&state={state}"}
	front := nginxtest.With(t, nginx.Config{Shape: "debian", Gateway: w.Usher.Gateway, More: w.sso(t)}, site)
	w.browser = driver.Start(t, map[string]string{world.Meet: front.TLS()})
	return w
}

// sso lays out static/sso.html, Jitsi's own where its sources are here, and returns nginx's lines for it.
func (w *own) sso(t *testing.T) string {
	t.Helper()
	from := filepath.Join("testdata", "sso.html")
	if jitsi := os.Getenv(world.JitsiEnv); jitsi != "" {
		from = filepath.Join(jitsi, "static", "sso.html")
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "static"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "static", "sso.html"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("location ^~ /static/ { ssi on; root %s; }\n", dir)
}

func (w *own) open(t *testing.T, link string) *driver.Page {
	t.Helper()
	p := w.browser.Open(t, "https://"+world.Meet+"/"+link)
	t.Cleanup(p.Close)
	return p
}

// enter opens a room's page, and signs in there.
func (w *own) enter(t *testing.T, room, name string) *driver.Page {
	t.Helper()
	p := w.open(t, room)
	p.Do(t, `document.getElementById("sign-in").click()`)
	fill(t, p, name, password)
	p.Await(t, `window.meet && meet.token`, within)
	return p
}

// TestOwn: people come in by an access token in the link, as moderators by a role of the provider, by their name.
// The token is as good for every other room, and a new key of the provider costs one reload.
func TestOwn(t *testing.T) {
	t.Parallel()
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		w := startOwn(t, v, "on_expiry: keep")
		alice := w.enter(t, "Standup", "alice")
		alice.Moderates(t)
		if got := w.enter(t, "standup", "bob").Joined(t); got.Moderator {
			t.Errorf("bob is %+v", got)
		}
		alice.Await(t, `Object.keys(meet.occupants).length === 2`, within)
		alice.Screenshot(t, "sign-in-own")
		token := driver.Eval[string](t, alice, `link.jwt`)
		w.open(t, "elsewhere#jwt=%22"+token+"%22").Moderates(t)
		mark := w.Usher.Mark()
		w.provider.Rotate(false)
		again := w.enter(t, "board", "alice")
		if got := again.Refused(t); got.Error.Text != "Logins cannot be checked at the moment. Try again in a minute." {
			t.Errorf("with a key that nobody has seen yet: %+v", got.Error)
		}
		w.Usher.Await(t, mark, "keys fetched")
		again.Do(t, `location.reload()`)
		again.Moderates(t) // by the provider's new key
	})
}

// TestOwnExpires: such a token lives for some minutes, and its owner is a moderator for as long where on_expiry says so.
func TestOwnExpires(t *testing.T) {
	t.Parallel()
	w := startOwn(t, world.AnyVersion(t), "on_expiry: demote")
	begun := time.Now()
	w.enter(t, "board", "alice").Moderates(t)
	lives := max(8*time.Second, 3*time.Since(begun)) // long enough to come in with it on this machine
	w.provider.Live(lives)
	alice := w.enter(t, "standup", "alice")
	alice.Moderates(t)
	// What is over is looked for twice a minute.
	alice.Await(t, `!meet.moderator || meet.status !== "joined"`, lives+within)
}
