package stanza

import (
	"bytes"
	"encoding/xml"
	"io"
	"slices"
	"strings"
)

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

// declarations is a start tag with the namespaces around the element; empty if there
// are none.
func (e Element) declarations() string {
	if len(e.scope) == 0 {
		return ""
	}
	in := map[xml.Name]string{}
	for _, a := range e.scope {
		in[a.Name] = a.Value // the innermost counts
	}
	var b strings.Builder
	b.WriteString("<a")
	for _, a := range e.scope {
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

// Inherits reports whether a namespace is declared around the element.
func (e Element) Inherits(namespace string) bool {
	return slices.ContainsFunc(e.scope, func(a xml.Attr) bool { return a.Value == namespace })
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

// Text returns the text right in the element, without that of elements inside.
func (e Element) Text() string {
	d := xml.NewDecoder(bytes.NewReader(e.document[e.open:e.close]))
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
