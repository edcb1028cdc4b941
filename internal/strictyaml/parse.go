package strictyaml

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// A Form says how messages speak of a document.
type Form struct {
	Name string // of its root, as in "unknown key in NAME"
	Mend string // what to do about an empty one
}

// Parse returns the root of a document, of any type. If the content is not UTF-8,
// not YAML or empty, that is reported and ok is false; a second document is a
// problem that leaves the first readable.
func Parse(r *Report, content []byte, form Form) (root Value, ok bool) {
	if !utf8.Valid(content) {
		line, column := position(content, invalidUTF8(content))
		r.Problem(line, column, "save the file as UTF-8", "the file is not UTF-8 here")
		return Value{}, false
	}
	var documents []yaml.Node
	if err := yaml.Load(content, &documents, yaml.WithAllDocuments()); err != nil {
		r.syntax(content, err)
		return Value{}, false
	}
	if len(documents) > 1 {
		second := &documents[1]
		r.Problem(second.Line, second.Column, `keep one, and remove the line "---"`,
			"the file holds more than one document")
	}
	if len(documents) == 0 || len(documents[0].Content) == 0 || documents[0].Content[0].ShortTag() == "!!null" {
		r.Problem(1, 1, form.Mend, "%s is empty", form.Name)
		return Value{}, false
	}
	node := documents[0].Content[0]
	return Value{report: r, at: node, node: node, name: form.Name}, true
}

// syntax reports an error of the YAML library at the place that it names.
func (r *Report) syntax(content []byte, err error) {
	line, column, what := 1, 1, err.Error()
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		line, column, what = e.Mark.Line, e.Mark.Column, e.Message
		if line < 1 { // the library's lowest layer only counts bytes
			line, column = position(content, e.Mark.Index)
		}
		if e.ContextMsg != "" {
			what = e.ContextMsg + ": " + what
		}
	}
	mend := "correct the syntax here or just above: indentation, quotes, brackets"
	if at, found := tab(content, line); found {
		line, column, what, mend = at, 1, "a tab indents the line", "put spaces in the place of tabs"
	}
	r.Problem(line, column, mend, "not YAML: %s", what)
}

// tab returns the line with an error, or the one before or after it, if a tab stands in what indents it.
func tab(content []byte, line int) (at int, found bool) {
	lines := bytes.Split(content, []byte("\n"))
	for _, at := range []int{line, line - 1, line + 1} {
		if at < 1 || at > len(lines) {
			continue
		}
		text := lines[at-1]
		if bytes.ContainsRune(text[:len(text)-len(bytes.TrimLeft(text, " \t"))], '\t') {
			return at, true
		}
	}
	return 0, false
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
