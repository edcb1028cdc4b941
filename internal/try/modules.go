package try

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxLog is how much of the end of Prosody's log is read, in bytes.
const maxLog = 1 << 20

// moduleMend says what loads one of the community's modules at a component.
func (t *Trial) moduleMend(module, component string) string {
	name := strings.TrimPrefix(module, "mod_")
	install := "prosodyctl install --server=https://modules.prosody.im/rocks/ " + module
	if t.notFound(name) {
		return "Prosody has no " + module + ", as its log says: " + install + "; restart Prosody then"
	}
	if named := in(find(prosodyFiles(t.Folders.Prosody), `["']`+word(name)+`["']`)); named != "" {
		return "see that " + module + named + " is in modules_enabled of " + component + ", and restart Prosody; if " +
			"its log says that it is unable to load it: " + install
	}
	return "load " + module + " in " + component + ": usher prosody prints the lines; restart Prosody then"
}

// notFound tells whether Prosody did not find a module since its last start, as its log says: it goes on without, and
// tells nobody else.
func (t *Trial) notFound(name string) (missing bool) {
	if t.Folders.Log == "" {
		return false
	}
	// The words of Prosody's util.startup and core.modulemanager; times and levels stand before them.
	started := regexp.MustCompile(`\tHello and welcome to Prosody version `)
	unable := regexp.MustCompile(`\tUnable to load module '` + word(name) + `': .*No such file or directory`)
	lines := bufio.NewScanner(bytes.NewReader(end(filepath.Join(t.Folders.Log, "prosody.log"))))
	for lines.Scan() {
		switch {
		case started.Match(lines.Bytes()):
			missing = false
		case unable.Match(lines.Bytes()):
			missing = true
		}
	}
	return missing
}

// end reads the end of a file; of one that cannot be read nothing.
func end(path string) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-maxLog), maxLog))
	if err != nil {
		return nil
	}
	return text
}
