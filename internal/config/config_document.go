package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"regexp"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"usher/internal/text"
	"usher/internal/watch"
)

// maxConfigSize bounds the configuration file in bytes.
const MaxSize = 1 << 20

// A reader walks a configuration file and collects its problems.
type reader struct {
	name     string // as the operator named the file
	path     string // absolute
	problems Problems
	files    []string               // absolute, in the order of reading
	states   map[string]watch.State // by absolute name, as of the moment before the file was read
	contents map[string][]byte      // by absolute name, of files that were read well
	holders  []keyHolder            // of the keys that were read, in the order of the file
}

func newReader(name string) *reader {
	path, err := filepath.Abs(name)
	if err != nil { // the working directory is gone
		path = filepath.Clean(name)
	}
	return &reader{name: name, path: path, files: []string{path}, states: map[string]watch.State{}, contents: map[string][]byte{}}
}

// root parses the file and returns the mapping that it must be.
func (r *reader) root() (value, bool) {
	content, mode, fault := r.read(r.path, MaxSize)
	if fault != nil {
		r.report(1, 1, false, fault.Mend, "the configuration "+fault.Text)
		r.markPassing(fault.Passing)
		return value{}, false
	}
	if mode&0o002 != 0 {
		r.report(1, 1, true, "chmod o-w "+r.name, "everybody may write the configuration")
	}
	documents, ok := r.parse(content)
	if !ok {
		return value{}, false
	}
	if len(documents) > 1 {
		second := &documents[1]
		r.report(second.Line, second.Column, false, `keep one, and remove the line "---"`, "the file holds more than one document")
	}
	return r.rootOf(documents)
}

func (r *reader) rootOf(documents []yaml.Node) (value, bool) {
	if len(documents) == 0 || len(documents[0].Content) == 0 || documents[0].Content[0].ShortTag() == "!!null" {
		r.report(1, 1, false, "start with hosts: and the name of Prosody's VirtualHost", "the configuration is empty")
		return value{}, false
	}
	node := documents[0].Content[0]
	return value{r: r, at: node, node: node, name: "the configuration"}, true
}

// digests tells contents apart without keeping them.
func (r *reader) digests() map[string][sha256.Size]byte {
	sums := map[string][sha256.Size]byte{}
	for name, content := range r.contents {
		sums[name] = sha256.Sum256(content)
	}
	return sums
}

// parse returns the documents of the file.
func (r *reader) parse(content []byte) ([]yaml.Node, bool) {
	if !utf8.Valid(content) {
		line, column := position(content, invalidUTF8(content))
		r.report(line, column, false, "save the file as UTF-8", "the file is not UTF-8 here")
		return nil, false
	}
	content = bareMemory(content)
	var documents []yaml.Node
	err := yaml.Load(content, &documents, yaml.WithAllDocuments())
	if err == nil {
		return documents, true
	}
	line, column, text := 1, 1, err.Error()
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, column, text = e.Mark.Line, e.Mark.Column, e.Message
		if line < 1 { // the library's lowest layer only counts bytes
			line, column = position(content, e.Mark.Index)
		}
		if e.ContextMsg != "" {
			text = e.ContextMsg + ": " + text
		}
	}
	r.report(line, max(column, 1), false, "correct the syntax here or just above: indentation, quotes, brackets", "not YAML: "+text)
	return nil, false
}

// bareMemory puts the quotes around state: memory: that YAML wants, as a plain
// value cannot end with a colon. Nobody should have to know that.
func bareMemory(content []byte) []byte {
	line := regexp.MustCompile(`(?m)^(state:[ \t]+)memory:([ \t]*(?:[ \t]#.*)?\r?)$`)
	return line.ReplaceAll(content, []byte(`${1}"memory:"$2`))
}

func invalidUTF8(content []byte) int {
	at := 0
	for at < len(content) {
		c, size := utf8.DecodeRune(content[at:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// position turns an offset in bytes into line and column.
func position(content []byte, offset int) (line, column int) {
	before := content[:min(max(offset, 0), len(content))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return 1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[start:])
}

func (r *reader) report(line, column int, warning bool, mend, what string) {
	r.problems = append(r.problems, Problem{
		File: r.name, Line: max(line, 1), Column: max(column, 1), Warning: warning, Text: text.Printable(what), Mend: text.Printable(mend),
	})
}

// markPassing says of the last problem whether it may go away by itself.
func (r *reader) markPassing(passing bool) { r.problems[len(r.problems)-1].Passing = passing }
