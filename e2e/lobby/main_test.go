// Package lobby holds what docs/lobby.md says about who waits and who passes, against real Prosodys.
package lobby

import (
	"os"
	"testing"

	"usher/e2e/daemon"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }
