// Package console holds what docs/console.md says of the pages, in a real Chromium: every control of every page is
// used, by mouse, by keyboard alone and without script; axe-core looks at every page, light and dark, on a phone and on
// a wide screen; and a moderator decides on a phone. It leaves its pictures and reports in
// ${XDG_CACHE_HOME:-~/.cache}/usher/kept/console.
package console

import (
	"os"
	"testing"

	"usher/e2e/daemon"
)

func TestMain(m *testing.M) { os.Exit(daemon.Main(m)) }
