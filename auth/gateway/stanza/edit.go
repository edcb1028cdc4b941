package stanza

import (
	"bytes"
	"errors"
)

var errChildren = errors.New("it has elements where text is expected")

// WithText returns the whole document with text in the place of what the
// element holds. The text must need no escaping. Every other byte is as it was.
func (e Element) WithText(text string) ([]byte, error) {
	if e.children {
		return nil, errChildren
	}
	var b bytes.Buffer
	b.Grow(len(e.document) + len(text) + 16)
	if !e.selfClosing() {
		b.Write(e.document[:e.open])
		b.WriteString(text)
		b.Write(e.document[e.close:])
		return b.Bytes(), nil
	}
	b.Write(e.document[:e.open-len("/>")])
	b.WriteString(">" + text + "</")
	b.Write(e.rawName())
	b.WriteString(">")
	b.Write(e.document[e.end:])
	return b.Bytes(), nil
}

// selfClosing: in a start tag "/" stands before ">" nowhere else, as the
// values of attributes are quoted.
func (e Element) selfClosing() bool {
	return e.open == e.end && bytes.HasSuffix(e.document[:e.open], []byte("/>"))
}

// rawName is the name as it is written, with its prefix.
func (e Element) rawName() []byte {
	tag := e.document[e.start+1 : e.open]
	return tag[:bytes.IndexAny(tag, " \t\r\n/>")]
}

// Outer is the element as it stands in its document. It may need declarations of
// namespaces that stand around it.
func (e Element) Outer() []byte { return e.document[e.start:e.end] }

// WithAttribute returns [Element.Outer] with an attribute of an element inside set,
// which may be the element itself. Every other byte is as it was. The name has no
// prefix.
func (e Element) WithAttribute(inside Element, name, value string) []byte {
	from, to, found := inside.valueOf(name)
	written := escape(value)
	if !found {
		from = inside.start + len("<") + len(inside.rawName())
		to, written = from, ` `+name+`="`+written+`"`
	}
	return e.splice(from, to, []byte(written))
}

// splice returns the element with other bytes in the place of some of its document.
func (e Element) splice(from, to int, with []byte) []byte {
	return bytes.Join([][]byte{e.document[e.start:from], with, e.document[to:e.end]}, nil)
}

// valueOf finds where the value of an attribute stands, without its quotes. The
// start tag is known to be well-formed.
func (e Element) valueOf(name string) (from, to int, found bool) {
	at := e.start + len("<") + len(e.rawName())
	for {
		written, from, to, found := nextAttribute(e.document[:e.open], at)
		if !found || written == name {
			return from, to, found
		}
		at = to + 1
	}
}

// Rewrite returns the body with other bytes in the places of some of its children, by
// their positions. Every other byte is as it was.
func (b Body) Rewrite(with map[int][]byte) []byte {
	var out bytes.Buffer
	at := b.start
	for i, e := range b.Children {
		if instead, replaced := with[i]; replaced {
			out.Write(b.document[at:e.start])
			out.Write(instead)
			at = e.end
		}
	}
	out.Write(b.document[at:])
	return out.Bytes()
}
