// Package prosodytest is package prosody for tests: one call starts a server that ends with the test.
package prosodytest

import (
	"strings"
	"testing"

	"usher/e2e/parts"
	"usher/e2e/prosody"
)

// Start starts a Prosody that ends with the test. Config.Dir may be empty for a folder of the test.
// When the machine has no such Prosody the test is skipped, or fails where the environment says CI:
// there, what is not tested must be seen.
func Start(t testing.TB, config prosody.Config) *prosody.Server {
	t.Helper()
	Require(t, config.Version)
	if config.Dir == "" {
		config.Dir = t.TempDir()
	}
	server, err := prosody.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { finish(t, server) })
	return server
}

// Require skips the test when no such Prosody is installed, or fails it where the environment says CI.
func Require(t testing.TB, v prosody.Version) {
	t.Helper()
	_, err := prosody.Find(v)
	parts.Need(t, err)
}

// Each runs the test once for each series of Prosody that usher supports. They run at the same time, as most of a test
// is waiting, and begin when the caller has returned: what they need of it goes with t.Cleanup.
func Each(t *testing.T, test func(t *testing.T, v prosody.Version)) {
	InTurn(t, func(t *testing.T, v prosody.Version) {
		t.Parallel()
		test(t, v)
	})
}

// InTurn is Each with one after the other, for tests that have a Chromium beside each Prosody.
func InTurn(t *testing.T, test func(t *testing.T, v prosody.Version)) {
	for _, v := range prosody.Versions() {
		t.Run(string(v), func(t *testing.T) {
			Require(t, v)
			test(t, v)
		})
	}
}

func finish(t testing.TB, server *prosody.Server) {
	if err := server.Stop(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		lines := strings.Split(server.Log(), "\n")
		t.Logf("the end of prosody's log:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}
