// Package source answers one question: what do the configuration and the files
// that it names hold? It reads each once, notes what it looked like before, for
// who watches them, and reports at the line that names a file what is wrong with
// it. It starts no goroutine and has no lock; a [Reader] is of one goroutine.
package source

import (
	"crypto/sha256"
	"io/fs"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"usher/auth/keys"
	"usher/internal/config/value"
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

// Files are the files of a configuration.
type Files struct {
	Paths  []string               // absolute: the configuration, then every file that it names
	States map[string]watch.State // what each looked like in the moment before it was read
}

// A Reader walks a configuration file, and reads the files that it names.
type Reader struct {
	Report *strictyaml.Report
	Files
	name     string            // as the operator named the file
	contents map[string][]byte // by absolute name, of files that were read well
	nouns    map[string]string // what each of these was first named as
}

// New returns a reader of the file of a name.
func New(name string) *Reader {
	path, err := filepath.Abs(name)
	if err != nil { // the working directory is gone
		path = filepath.Clean(name)
	}
	return &Reader{
		name: name, Report: strictyaml.NewReport(name),
		Files:    Files{Paths: []string{path}, States: map[string]watch.State{}},
		contents: map[string][]byte{}, nouns: map[string]string{},
	}
}

// Root parses the file and returns its root. What usher understands and YAML does not is spelled before as YAML has it.
func (r *Reader) Root(spelled func([]byte) []byte) (strictyaml.Value, bool) {
	content, mode, fault := r.read(r.Paths[0], MaxSize)
	if fault != nil {
		r.Report.Problem(1, 1, fault.Mend, "the configuration %s", fault.Text)
		r.Report.MarkPassing(fault.Passing)
		return strictyaml.Value{}, false
	}
	if mode&0o002 != 0 {
		r.Report.Warn(1, 1, "chmod o-w "+r.name, "everybody may write the configuration")
	}
	if utf8.Valid(content) {
		content = spelled(content)
	}
	return strictyaml.Parse(r.Report, content, strictyaml.Form{
		Name: "the configuration", Mend: "start with hosts: and the name of Prosody's VirtualHost",
	})
}

// read also notes what the file looked like before: what a symlink leads to may
// change in the moment after.
func (r *Reader) read(path string, most int64) ([]byte, fs.FileMode, *readfile.Fault) {
	if _, there := r.States[path]; !there {
		r.States[path] = watch.Of(path)
	}
	return readfile.Regular(path, most)
}

// Resolve returns the absolute name of a file that the configuration names: a
// relative one starts at the configuration's own folder.
func (r *Reader) Resolve(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(filepath.Dir(r.Paths[0]), name)
}

// File reads a key file that the configuration names, once however often it
// is named.
func (r *Reader) File(it strictyaml.Item, noun string, private bool) ([]byte, bool) {
	path := r.Resolve(it.Text)
	if !slices.Contains(r.Paths, path) {
		r.Paths = append(r.Paths, path)
	}
	if content, ok := r.contents[path]; ok {
		return content, true
	}
	content, mode, fault := r.read(path, MaxKeySize)
	if fault != nil {
		it.Problem(fault.Mend, "the %s %q %s", noun, text.Clip(it.Text), fault.Text)
		r.Report.MarkPassing(fault.Passing)
		return nil, false
	}
	if private && mode&0o007 != 0 {
		it.Warn("chmod 640 "+text.Clip(path),
			"the %s %q is open to every user of this machine", noun, text.Clip(it.Text))
	}
	r.contents[path], r.nouns[path] = content, noun
	return content, true
}

// Content returns what a file holds that was read well, without the line end behind it, which is no part of a secret.
func (r *Reader) Content(path string) string { return WithoutEnd(r.contents[path]) }

// Digests tells contents apart without keeping them.
func (r *Reader) Digests() map[string][sha256.Size]byte {
	sums := map[string][sha256.Size]byte{}
	for name, content := range r.contents {
		sums[name] = sha256.Sum256(content)
	}
	return sums
}

// RefuseFile reports an error of what reads a file's content.
func RefuseFile(it strictyaml.Item, noun string, err error) {
	value.Refuse(it.Value,
		"put the right content into the file, or name another", err, "the %s %q: %s", noun, text.Clip(it.Text))
}

// CA reads the certificates of a CA of one's own.
func (r *Reader) CA(it strictyaml.Item) (content []byte, ok bool) {
	content, ok = r.File(it, "CA file", false)
	if !ok {
		return nil, false
	}
	if err := keys.CheckCA(content); err != nil {
		RefuseFile(it, "CA file", err)
		return nil, false
	}
	return content, true
}
