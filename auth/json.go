package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth bounds the nesting of a token's JSON.
const maxDepth = 32

// A document is one JSON object, read strictly: no duplicate member at any
// depth, no invalid UTF-8, no lone surrogate, no NUL, nothing after the end
// (threats.md, rules for tokens 3). Members are found by their exact name, and
// their values are kept as they stand in the text, which the document aliases.
// The zero value is ready to read; a document may be used again.
type document struct {
	nodes   []node // in the order of the text; nodes[0] is the object itself
	scratch []byte // unescaped strings
	in      bytes.Buffer
	dec     jsontext.Decoder
}

// A node is one value of a document.
type node struct {
	name []byte        // the member's name, unescaped; nil in an array
	text []byte        // a string unescaped, or a number, true, false, null as written
	kind jsontext.Kind // '{', '[', '"', '0', 't', 'f', 'n'
	at   int           // its index in nodes
	end  int           // index of the first node after this value and all in it
}

var errNUL = errors.New("a string holds NUL")

// read parses text. On error the document holds nothing.
func (d *document) read(text []byte) error {
	d.reset(text)
	err := d.readObject()
	if err != nil {
		d.reset(nil)
	}
	return err
}

func (d *document) reset(text []byte) {
	clear(d.nodes)
	d.nodes, d.scratch = d.nodes[:0], d.scratch[:0]
	d.in = *bytes.NewBuffer(text)
	d.dec.Reset(&d.in)
}

func (d *document) readObject() error {
	if kind := d.dec.PeekKind(); kind != '{' && kind != 0 {
		return errors.New("not a JSON object")
	}
	if err := d.readValue(nil, 1); err != nil {
		return err
	}
	if _, err := d.dec.ReadToken(); err == nil {
		return errors.New("data after the end of the object")
	} else if err != io.EOF {
		return err
	}
	return nil
}

func (d *document) readValue(name []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	i := len(d.nodes)
	kind := d.dec.PeekKind()
	d.nodes = append(d.nodes, node{name: name, kind: kind, at: i})
	var err error
	switch kind {
	case '{', '[':
		err = d.readMembers(kind == '{', depth)
	default:
		d.nodes[i].text, err = d.readScalar()
	}
	d.nodes[i].end = len(d.nodes)
	return err
}

// readMembers reads the inside of an object or an array, and both brackets.
func (d *document) readMembers(named bool, depth int) error {
	if _, err := d.dec.ReadToken(); err != nil {
		return err
	}
	for {
		// A closing bracket of the other kind, or the end of the text, is an
		// error that ReadToken and readScalar report.
		if kind := d.dec.PeekKind(); kind == '}' || kind == ']' {
			_, err := d.dec.ReadToken()
			return err
		}
		var name []byte
		if named {
			var err error
			if name, err = d.readScalar(); err != nil {
				return err
			}
		}
		if err := d.readValue(name, depth+1); err != nil {
			return err
		}
	}
}

// readScalar reads one string, number or literal. A string is unescaped,
// without its quotes.
func (d *document) readScalar() ([]byte, error) {
	raw, err := d.dec.ReadValue()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if raw[0] != '"' {
		return raw, nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], nil // a bare NUL is no JSON
	}
	start := len(d.scratch)
	if d.scratch, err = jsontext.AppendUnquote(d.scratch, raw); err != nil {
		return nil, err
	}
	text := d.scratch[start:len(d.scratch):len(d.scratch)]
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, errNUL
	}
	return text, nil
}

// root returns the object itself.
func (d *document) root() *node { return &d.nodes[0] }

// member returns the member of object with exactly this name, or nil. One that
// is null is as if absent: many libraries write what they do not have as null.
func (d *document) member(object *node, name string) *node {
	if object == nil || object.kind != '{' {
		return nil
	}
	for i := object.at + 1; i < object.end; i = d.nodes[i].end {
		if string(d.nodes[i].name) == name {
			if d.nodes[i].kind == 'n' {
				return nil
			}
			return &d.nodes[i]
		}
	}
	return nil
}

// get returns the value at a path of names from the root, or nil.
func (d *document) get(path ...string) *node {
	n := d.root()
	for _, name := range path {
		n = d.member(n, name)
	}
	return n
}

// words says what a value is, for an operator.
func (n *node) words() string {
	switch n.kind {
	case '{':
		return "an object"
	case '[':
		if n.end == n.at+1 {
			return "an empty list"
		}
		return "a list"
	case '"':
		return fmt.Sprintf("the text %q", clip(n.text))
	case '0':
		return "the number " + clip(n.text)
	}
	return string(n.text)
}

// inTheWay says what stands on the way to a claim that is not an object, so
// that nothing in it can be found. It is empty if nothing does.
func (d *document) inTheWay(path ClaimPath) string {
	n := d.root()
	for i, name := range path {
		if n = d.member(n, name); n == nil {
			return ""
		}
		if n.kind != '{' && i+1 < len(path) {
			return fmt.Sprintf("%s is %s, not an object", path[:i+1], n.words())
		}
	}
	return ""
}

// elements calls f for each element of an array, in order, until it fails.
func (d *document) elements(array *node, f func(*node) error) error {
	for i := array.at + 1; i < array.end; i = d.nodes[i].end {
		if err := f(&d.nodes[i]); err != nil {
			return err
		}
	}
	return nil
}
