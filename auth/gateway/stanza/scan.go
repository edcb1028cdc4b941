package stanza

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
)

// The reasons for which a document is no element.
var (
	errNotAnElement = errors.New("it does not begin with an element")
	errMore         = errors.New("there is more than one element")
	errNotPlain     = errors.New("it has a comment, a declaration or a processing instruction")
	errCut          = errors.New("it ends too early")
	errElements     = errors.New("it has too many elements")
)

// ParseTag reads only the start tag of an element: what follows it may be anything, and may
// be cut. The element has a name and attributes, and nothing else.
func ParseTag(document []byte) (Element, error) {
	if len(document) == 0 || document[0] != '<' {
		return Element{}, errNotAnElement
	}
	d := xml.NewDecoder(bytes.NewReader(document))
	token, err := d.Token()
	if err != nil {
		return Element{}, err
	}
	tag, ok := token.(xml.StartElement)
	if !ok {
		return Element{}, errNotPlain
	}
	if err := checkAttributes(document[:d.InputOffset()], tag.Attr); err != nil {
		return Element{}, err
	}
	return Element{Name: tag.Name, Attr: tag.Attr}, nil
}

// scan reads a document, and lists the elements right under its root if they
// are wanted.
func scan(document []byte, listed bool) (root Element, children []Element, err error) {
	if len(document) == 0 || document[0] != '<' {
		return Element{}, nil, errNotAnElement
	}
	s := scanner{document: document, decoder: xml.NewDecoder(bytes.NewReader(document)), listed: listed}
	return s.run()
}

func (s *scanner) run() (root Element, children []Element, err error) {
	for err == nil {
		err = s.step()
	}
	if !errors.Is(err, io.EOF) {
		return Element{}, nil, err
	}
	if s.depth > 0 || !s.done {
		return Element{}, nil, errCut
	}
	return s.root, s.list, nil
}

type scanner struct {
	document []byte
	decoder  *xml.Decoder
	shift    int        // from the decoder's offsets to the document's
	scope    []xml.Attr // of the root
	listed   bool
	depth    int
	done     bool // the root has ended
	root     Element
	list     []Element
}

func (s *scanner) step() error {
	before := int(s.decoder.InputOffset()) + s.shift
	token, err := s.decoder.Token()
	if err != nil {
		return err
	}
	after := int(s.decoder.InputOffset()) + s.shift
	switch t := token.(type) {
	case xml.StartElement:
		return s.begin(t, before, after)
	case xml.EndElement:
		s.finish(before, after)
	case xml.CharData:
		if s.depth == 0 && len(bytes.TrimLeft(t, " \t\r\n")) > 0 {
			return errMore
		}
	default:
		return errNotPlain
	}
	return nil
}

func (s *scanner) begin(t xml.StartElement, before, after int) error {
	if s.done {
		return errMore
	}
	tag := s.document[before:after]
	if err := checkAttributes(tag, t.Attr); err != nil {
		return err
	}
	if unbound(tag, t.Name) {
		return errUndeclared
	}
	switch {
	case s.depth == 0:
		s.root = s.element(t, before, after, s.scope)
	case s.depth == 1:
		s.root.children = true
		if s.listed && len(s.list) >= MaxChildren {
			return errElements
		}
		if s.listed {
			s.list = append(s.list, s.element(t, before, after, s.root.within()))
		}
	case s.depth == 2 && s.listed:
		s.list[len(s.list)-1].children = true
	}
	s.depth++
	return nil
}

func (s *scanner) element(t xml.StartElement, start, open int, scope []xml.Attr) Element {
	return Element{
		Name: t.Name, Attr: slices.Clone(t.Attr),
		place: place{document: s.document, start: start, open: open, scope: scope},
	}
}

func (s *scanner) finish(before, after int) {
	s.depth--
	switch {
	case s.depth == 0:
		s.root.close, s.root.end, s.done = before, after, true
	case s.depth == 1 && s.listed:
		last := &s.list[len(s.list)-1]
		last.close, last.end = before, after
	}
}

// MaxChildren bounds the elements right under one whose elements are listed. A client
// of BOSH that was away for a while gets a presence of each occupant in one body.
const MaxChildren = 4096
