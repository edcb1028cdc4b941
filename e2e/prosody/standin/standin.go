// Package standin has the two modules of Prosody's community that ask usher about rooms, written anew from their
// documentation: Debian does not ship them, and we may not. Tests and the demo use them; operators install the real
// ones. e2e/community.sh runs the tests on the real ones.
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
