package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/go-json-experiment/json/jsontext"

	"usher/internal/text"
)

// maxDepth bounds the nesting of a document.
const maxDepth = 32

// A Document is one JSON object, read strictly. Members are found by their
// exact name, and their values are kept as they stand in the text, which the
// document aliases. The zero value is ready to read; a document may be used
// again.
type Document struct {
	nodes   []Node // in the order of the text; nodes[0] is the object itself
	text    []byte
	scratch []byte // unescaped strings
	in      bytes.Buffer
	dec     jsontext.Decoder
}

// A Node is one value of a document.
type Node struct {
	Text []byte        // a string unescaped, or a number, true, false, null as written
	Kind jsontext.Kind // '{', '[', '"', '0', 't', 'f', 'n'
	name name          // the member's; zero in an array
	at   int32         // its index in nodes
	end  int32         // index of the first node after this value and all in it
}

// A name is where that of a member stands, so that a document has few pointers for the
// garbage collector to follow.
type name struct {
	from, to  int32
	unescaped bool // in scratch, not in text
}

func (d *Document) nameOf(n *Node) []byte {
	if n.name.unescaped {
		return d.scratch[n.name.from:n.name.to]
	}
	return d.text[n.name.from:n.name.to]
}

var (
	errNUL   = errors.New("a string holds NUL")
	errDepth = fmt.Errorf("nested deeper than %d levels", maxDepth)
)

// Read parses text, which must not change as long as the document is used. On
// error the document holds nothing.
func (d *Document) Read(text []byte) error {
	d.Reset()
	if len(text) > math.MaxInt32 {
		return errors.New("too long")
	}
	d.text = text
	d.in = *bytes.NewBuffer(text)
	d.dec.Reset(&d.in)
	err := d.readObject(text)
	if err != nil {
		d.Reset()
	}
	return err
}

// Reset leaves nothing to be found, and keeps the memory for the next text. It holds on
// to what it read until then.
func (d *Document) Reset() { d.nodes, d.scratch = d.nodes[:0], d.scratch[:0] }

// readObject has jsontext judge the whole text at once, which is quicker than token by token, and then notes where
// the values are.
func (d *Document) readObject(text []byte) error {
	if deeper(text, maxDepth) {
		return errDepth
	}
	if kind := d.dec.PeekKind(); kind != '{' && kind != 0 {
		return errors.New("not a JSON object")
	}
	if _, err := d.dec.ReadValue(); err == io.EOF {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	if _, err := d.dec.ReadToken(); err == nil {
		return errors.New("data after the end of the object")
	} else if err != io.EOF {
		return err
	}
	s := scanner{Document: d, escapes: bytes.IndexByte(text, '\\') >= 0}
	s.next()
	return s.value(name{}, 1)
}

// Root returns the object itself.
func (d *Document) Root() *Node { return &d.nodes[0] }

// Member returns the member of object with exactly this name, or nil. One that
// is null is as if absent: many libraries write what they do not have as null.
func (d *Document) Member(object *Node, name string) *Node {
	if object == nil || object.Kind != '{' {
		return nil
	}
	for i := object.at + 1; i < object.end; i = d.nodes[i].end {
		if n := &d.nodes[i]; int(n.name.to-n.name.from) == len(name) && string(d.nameOf(n)) == name {
			if n.Kind == 'n' {
				return nil
			}
			return n
		}
	}
	return nil
}

// Get returns the value at a path of names from the root, or nil.
func (d *Document) Get(path ...string) *Node {
	n := d.Root()
	for _, name := range path {
		n = d.Member(n, name)
	}
	return n
}

// Empty reports whether n is an object or an array with nothing in it.
func (n *Node) Empty() bool { return (n.Kind == '{' || n.Kind == '[') && n.end == n.at+1 }

// Words says what a value is, for an operator.
func (n *Node) Words() string {
	switch n.Kind {
	case '{':
		return "an object"
	case '[':
		if n.Empty() {
			return "an empty list"
		}
		return "a list"
	case '"':
		return fmt.Sprintf("the text %q", text.Name(n.Text))
	case '0':
		return "the number " + text.Name(n.Text)
	}
	return string(n.Text)
}

// Elements calls f for each element of an array, in order, until it fails.
func (d *Document) Elements(array *Node, f func(*Node) error) error {
	for i := array.at + 1; i < array.end; i = d.nodes[i].end {
		if err := f(&d.nodes[i]); err != nil {
			return err
		}
	}
	return nil
}

// Members calls f for each member of an object, in order. One that is null is as if
// absent, as in Member.
func (d *Document) Members(object *Node, f func(name []byte, n *Node)) {
	for i := object.at + 1; i < object.end; i = d.nodes[i].end {
		if n := &d.nodes[i]; n.Kind != 'n' {
			f(d.nameOf(n), n)
		}
	}
}
