// Package rooms holds what docs/rooms.md says about who is what in a room, against real Prosodys.
package haproxy_test

import (
	"os"
	"testing"

	"usher/e2e/daemon"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }
