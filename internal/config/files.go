package config

import (
	"crypto/sha256"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/readfile"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/internal/watch"
)

// The most that files may have, in bytes.
const (
	MaxSize    = 1 << 20  // of the configuration
	MaxKeySize = 64 << 10 // of each file that it names
)

// A reader walks a configuration file, and reads the files that it names.
type reader struct {
	name   string // as the operator named the file
	report *strictyaml.Report
	Files
	contents map[string][]byte // by absolute name, of files that were read well
	nouns    map[string]string // what each of these was first named as
	holders  []keyHolder       // of the keys that were read, in the order of the file
}

func newReader(name string) *reader {
	path, err := filepath.Abs(name)
	if err != nil { // the working directory is gone
		path = filepath.Clean(name)
	}
	return &reader{
		name: name, report: strictyaml.NewReport(name),
		Files:    Files{Paths: []string{path}, States: map[string]watch.State{}},
		contents: map[string][]byte{}, nouns: map[string]string{},
	}
}

// root parses the file and returns its root.
func (r *reader) root() (strictyaml.Value, bool) {
	content, mode, fault := r.read(r.Paths[0], MaxSize)
	if fault != nil {
		r.report.Problem(1, 1, fault.Mend, "the configuration %s", fault.Text)
		r.report.MarkPassing(fault.Passing)
		return strictyaml.Value{}, false
	}
	if mode&0o002 != 0 {
		r.report.Warn(1, 1, "chmod o-w "+r.name, "everybody may write the configuration")
	}
	if utf8.Valid(content) {
		content = bareMemory(content)
	}
	return strictyaml.Parse(r.report, content, strictyaml.Form{
		Name: "the configuration", Mend: "start with hosts: and the name of Prosody's VirtualHost",
	})
}

// bareMemory puts quotes around the memory: of state: memory:, as a plain value
// of YAML cannot end with a colon, which an operator need not know.
func bareMemory(content []byte) []byte {
	line := regexp.MustCompile(`(?m)^(state:[ \t]+)memory:([ \t]*(?:[ \t]#.*)?\r?)$`)
	return line.ReplaceAll(content, []byte(`${1}"memory:"$2`))
}

// read also notes what the file looked like before: what a symlink leads to may
// change in the moment after.
func (r *reader) read(path string, most int64) ([]byte, fs.FileMode, *readfile.Fault) {
	if _, there := r.States[path]; !there {
		r.States[path] = watch.Of(path)
	}
	return readfile.Regular(path, most)
}

// resolve returns the absolute name of a file that the configuration names: a
// relative one starts at the configuration's own folder.
func (r *reader) resolve(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(r.Paths[0]), name)
}

// file reads a key file that the configuration names, once however often it
// is named.
func (r *reader) file(it strictyaml.Item, noun string, private bool) ([]byte, bool) {
	path := r.resolve(it.Text)
	if !slices.Contains(r.Paths, path) {
		r.Paths = append(r.Paths, path)
	}
	if content, ok := r.contents[path]; ok {
		return content, true
	}
	content, mode, fault := r.read(path, MaxKeySize)
	if fault != nil {
		it.Problem(fault.Mend, "the %s %q %s", noun, text.Clip(it.Text), fault.Text)
		r.report.MarkPassing(fault.Passing)
		return nil, false
	}
	if private && mode&0o007 != 0 {
		it.Warn("chmod 640 "+text.Clip(path),
			"the %s %q is open to every user of this machine", noun, text.Clip(it.Text))
	}
	r.contents[path], r.nouns[path] = content, noun
	return content, true
}

// digests tells contents apart without keeping them.
func (r *reader) digests() map[string][sha256.Size]byte {
	sums := map[string][sha256.Size]byte{}
	for name, content := range r.contents {
		sums[name] = sha256.Sum256(content)
	}
	return sums
}

// refuse reports an error of another package, which has its advice after a
// semicolon, or else mend.
func refuse(v strictyaml.Value, mend string, err error, format string, args ...any) {
	what, own, found := strings.Cut(err.Error(), "; ")
	if found {
		mend = own
	}
	v.Problem(mend, format, append(args, what)...)
}
