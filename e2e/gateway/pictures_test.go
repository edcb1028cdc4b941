package gateway

import (
	"strings"
	"testing"

	"usher/auth"
	"usher/e2e/browser/driver"
	"usher/e2e/browser/page"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/tokens"
	"usher/e2e/world"
)

// TestGatewayRefusedPages is what people read in Chromium who are not let in: each is told why. make pictures takes
// docs/refused-*.png from it.
func TestGatewayRefusedPages(t *testing.T) {
	driver.Require(t)
	driver.RequireJitsi(t)
	w := &browserWorld{site: newSite(t, world.AnyVersion(t), options())}
	w.nginx = nginxtest.Start(t, w.Usher.Gateway, page.Site{})
	w.browser = driver.Start(t, map[string]string{world.Meet: w.nginx.TLS()})
	w.open(t, "standup", world.Token(t, "alice", "standup", tokens.Moderator()), "").Joined(t)
	for _, row := range []struct {
		name, path, by string
		token, told    string
	}{
		{"expired", "standup", "", world.Token(t, "carol", "standup", map[string]any{"exp": 1}), auth.ReasonExpired.ClientText()},
		{"room", "standup", "", world.Token(t, "dave", "board", nil), "Your link is for another room."},
		{"jitsi", "jitsi/standup", "bosh", world.Token(t, "carol", "standup", map[string]any{"exp": 1}),
			"connection.passwordRequired"},
	} {
		p := w.open(t, row.path, row.token, row.by)
		p.Refused(t)
		if told := p.Text(t); !strings.Contains(told, row.told) {
			t.Errorf("%s: the page says nothing of %q:\n%s", row.name, row.told, told)
		}
		p.Screenshot(t, "refused-"+row.name)
	}
}
