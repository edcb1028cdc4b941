package stanza

import (
	"bytes"
	"encoding/xml"
	"slices"
	"strings"
)

// A place is where an element stands in its document.
type place struct {
	document                []byte
	start, open, close, end int        // of the start tag, what follows it, the end tag, what follows that
	scope                   []xml.Attr // the namespaces that were declared around it, outermost first
}

// Outer is the element as it stands in its document. It may need declarations of
// namespaces that stand around it.
func (p place) Outer() []byte { return p.document[p.start:p.end] }

// selfClosing: in a start tag "/" stands before ">" nowhere else, as the
// values of attributes are quoted.
func (p place) selfClosing() bool {
	return p.open == p.end && bytes.HasSuffix(p.document[:p.open], []byte("/>"))
}

// rawName is the name as it is written, with its prefix.
func (p place) rawName() []byte {
	tag := p.document[p.start+1 : p.open]
	return tag[:bytes.IndexAny(tag, " \t\r\n/>")]
}

// splice returns the element with other bytes in the place of some of its document.
func (p place) splice(from, to int, with []byte) []byte {
	return bytes.Join([][]byte{p.document[p.start:from], with, p.document[to:p.end]}, nil)
}

// valueOf finds where the value of an attribute stands, without its quotes. The
// start tag is known to be well-formed.
func (p place) valueOf(name string) (from, to int, found bool) {
	at := p.start + len("<") + len(p.rawName())
	for {
		written, from, to, found := nextAttribute(p.document[:p.open], at)
		if !found || written == name {
			return from, to, found
		}
		at = to + 1
	}
}

// Inherits reports whether a namespace is declared around the element.
func (p place) Inherits(namespace string) bool {
	return slices.ContainsFunc(p.scope, func(a xml.Attr) bool { return a.Value == namespace })
}

// declarations is a start tag with the namespaces around the element; empty if there
// are none.
func (p place) declarations() string {
	if len(p.scope) == 0 {
		return ""
	}
	in := map[xml.Name]string{}
	for _, a := range p.scope {
		in[a.Name] = a.Value // the innermost counts
	}
	var b strings.Builder
	b.WriteString("<a")
	for _, a := range p.scope {
		value, first := in[a.Name]
		if !first {
			continue
		}
		delete(in, a.Name)
		b.WriteString(" xmlns")
		if a.Name.Space != "" {
			b.WriteString(":" + a.Name.Local)
		}
		b.WriteString(`="` + escape(value) + `"`)
	}
	b.WriteString(">")
	return b.String()
}

// Text returns the text right in the element, without that of elements inside.
func (p place) Text() string {
	d := xml.NewDecoder(bytes.NewReader(p.document[p.open:p.close]))
	var b strings.Builder
	depth := 0
	for {
		token, err := d.RawToken()
		if err != nil {
			return b.String()
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 {
				b.Write(t)
			}
		}
	}
}
