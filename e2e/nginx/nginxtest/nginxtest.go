// Package nginxtest is package nginx for tests: one call starts a server that ends with the test.
package nginxtest

import (
	"testing"

	"usher/e2e/browser/page"
	"usher/e2e/nginx"
	"usher/e2e/parts"
)

// Start starts an nginx that ends with the test and sends XMPP to the gateway, host:port. It has the page of package
// page for the site. When the machine has no nginx or no Strophe the test is skipped, or fails where the environment
// says CI: there, what is not tested must be seen.
func Start(t testing.TB, gateway string, site page.Site) *nginx.Server {
	t.Helper()
	return start(t, nginx.Config{Gateway: gateway}, site)
}

// Shaped is Start with a site that others have.
func Shaped(t testing.TB, shape, gateway string) *nginx.Server {
	t.Helper()
	return start(t, nginx.Config{Shape: shape, Gateway: gateway}, page.Site{})
}

// With is Start with a configuration, but for its folders.
func With(t testing.TB, c nginx.Config, site page.Site) *nginx.Server {
	t.Helper()
	return start(t, c, site)
}

func start(t testing.TB, c nginx.Config, site page.Site) *nginx.Server {
	t.Helper()
	Require(t)
	c.Dir, c.Root = t.TempDir(), t.TempDir()
	if err := page.Write(c.Root, site); err != nil {
		t.Fatal(err)
	}
	server, err := nginx.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(server.Logs())
		}
	})
	return server
}

// Require skips the test when nginx or Strophe is not installed, or fails it where the environment says CI.
func Require(t testing.TB) {
	t.Helper()
	_, err := nginx.Find()
	if err == nil {
		_, err = page.FindStrophe()
	}
	parts.Need(t, err)
}
