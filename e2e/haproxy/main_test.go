package haproxy_test

import (
	"os"
	"testing"

	"usher/e2e/daemon"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }
