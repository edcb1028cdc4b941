// Package standin has stand-ins for modules of Prosody that Debian does not ship, and we may not: the two of its
// community that ask usher about rooms, written anew from their documentation, and those of Jitsi that decide what a
// token does, written anew from what they were seen to do, awkward habits included. Tests and the demo use them;
// operators have the real ones. e2e/community.sh and e2e/jitsi.sh run the tests on the real ones.
package standin

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
)

//go:embed testdata
var modules embed.FS

// Write puts the modules into a new folder, for Prosody's plugin_paths.
func Write(dir string) error {
	tree, err := fs.Sub(modules, "testdata")
	if err == nil {
		err = os.CopyFS(dir, tree)
	}
	if err != nil {
		return fmt.Errorf("writing the stand-in modules: %w", err)
	}
	return nil
}
