// Package cluster holds what docs/several-machines.md says about failures, on ushers and Redis servers that are
// processes of their own: one test for each cell of its table.
package cluster

import (
	"os"
	"testing"

	"usher/e2e/daemon"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }
