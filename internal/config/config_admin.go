package config

import (
	"os"
	"regexp"
)

var adminLine = regexp.MustCompile(`(?m)^\s+admin:\s*["']?(/[^\s"'#]+)`)

// adminSocket returns the admin socket that the configuration names. Problems elsewhere in the file are no obstacle: the daemon
// is asked exactly to learn what it thinks of them.
func AdminSocket(path string) string {
	r, c := newReader(path), Default()
	if root, ok := r.root(); ok {
		c.read(root)
		return c.Listen.Admin.Name
	}
	content, _ := os.ReadFile(path)
	if m := adminLine.FindSubmatch(content); m != nil { // not YAML, but the line may still be there
		return string(m[1])
	}
	return c.Listen.Admin.Name
}
