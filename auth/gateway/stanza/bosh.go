package stanza

import (
	"bytes"
	"errors"
)

// A Body is what one request or answer of BOSH holds (XEP-0124 section 4).
type Body struct {
	Element
	Children []Element
}

// ParseBody reads a body whole.
func ParseBody(document []byte) (Body, error) {
	root, children, err := scan(document, true)
	if err == nil && !root.Is(NamespaceBOSH, "body") {
		err = errNotBody
	}
	if err != nil {
		return Body{}, err
	}
	return Body{root, children}, nil
}

// MaxTag bounds the start tag of a body that is read, in bytes.
const MaxTag = 4 << 10

// ParseBodyTag reads only the start tag of a body: what follows it may be
// anything, and may be cut. A tag of more than [MaxTag] is not read.
func ParseBodyTag(document []byte) (Element, error) {
	e, err := ParseTag(document[:min(len(document), MaxTag)])
	if err == nil && !e.Is(NamespaceBOSH, "body") {
		err = errNotBody
	}
	if err != nil {
		return Element{}, err
	}
	return e, nil
}

var errNotBody = errors.New("it is no body of BOSH")

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
