package stanza

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An Element is one element of a document, by where it stands.
type Element struct {
	Name xml.Name // Space is the namespace, resolved
	Attr []xml.Attr

	place
	children bool // there are elements in it
}

// Parse reads a message that is one element and nothing else (RFC 7395
// section 3.3.3). The element goes on pointing into the message.
func Parse(message []byte) (Element, error) {
	e, _, err := scan(message, false)
	return e, err
}

// Attribute returns the value of an attribute without a namespace, or "".
func (e Element) Attribute(name string) string {
	for _, a := range e.Attr {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Text returns the text right in the element, without that of elements in it.
func (e Element) Text() (text string) {
	_ = e.each(func(path []xml.Name, part []byte) {
		if len(path) == 1 {
			text += string(part)
		}
	}, nil)
	return text
}

// Is reports whether the element has this name in this namespace.
func (e Element) Is(space, local string) bool { return e.Name.Space == space && e.Name.Local == local }

// String names the element for an error; it holds nothing of its content.
func (e Element) String() string { return fmt.Sprintf("<%.32s>", e.Name.Local) }

// Children lists the elements right under the element. They point into the same
// document, and their namespaces are those that they have there.
func (e Element) Children() ([]Element, error) {
	if !e.children {
		return nil, nil
	}
	around := e.declarations()
	d := xml.NewDecoder(io.MultiReader(strings.NewReader(around), bytes.NewReader(e.Outer())))
	if around != "" {
		if _, err := d.Token(); err != nil {
			return nil, err
		}
	}
	s := scanner{document: e.document, decoder: d, shift: e.start - len(around), scope: e.scope, listed: true}
	for !s.done {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	return s.list, nil
}

// Child returns the first element right under the element that has this name.
func (e Element) Child(space, local string) (child Element, found bool) {
	list, err := e.Children()
	if err != nil {
		return Element{}, false
	}
	if i := slices.IndexFunc(list, func(c Element) bool { return c.Is(space, local) }); i >= 0 {
		return list[i], true
	}
	return Element{}, false
}

// within is the scope of the elements inside.
func (e Element) within() []xml.Attr {
	scope := e.scope
	for _, a := range e.Attr {
		if declares(a) {
			scope = append(slices.Clip(scope), a)
		}
	}
	return scope
}

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
