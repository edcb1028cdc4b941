package stanza

import (
	"bytes"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
)

// The reasons for which the attributes of an element are not read.
var (
	errDoubled    = errors.New("an attribute comes twice")
	errAttributes = errors.New("it has too many attributes")
	errUndeclared = errors.New("a prefix stands for no namespace")
	errNamespace  = errors.New("a namespace has a character that no address has")
)

// maxAttributes bounds an element's attributes: each is compared with all
// before it. No element of XMPP has a quarter of that.
const maxAttributes = 64

// checkAttributes checks the attributes of a start tag, and gives them the values that
// they have for Prosody's parser.
func checkAttributes(tag []byte, attributes []xml.Attr) error {
	if len(attributes) > maxAttributes {
		return errAttributes
	}
	for i, a := range attributes {
		// Prosody's parser refuses a prefix for nothing; here its names would have no prefix. With
		// one for "xmlns" an attribute would look like a declaration here.
		if a.Name.Space == "xmlns" && (a.Value == "" || a.Value == "xmlns") {
			return errUndeclared
		}
		// Prosody's mod_websocket loses a message in which an attribute has such a namespace, and the
		// stream goes on.
		if declares(a) && strings.ContainsAny(a.Value, notInAddress) {
			return errNamespace
		}
		if slices.ContainsFunc(attributes[:i], func(b xml.Attr) bool { return a.Name == b.Name }) {
			return errDoubled
		}
	}
	return normalise(tag, attributes)
}

// notInAddress stands in no address (RFC 3986).
const notInAddress = " <>&'\"" + lineBreaks

// declares reports whether an attribute declares a namespace.
func declares(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name == (xml.Name{Local: "xmlns"})
}

// lineBreaks are what a space is read for in a value (XML 1.0 section 3.3.3), unless it
// is written as a reference. encoding/xml leaves them as they are.
const lineBreaks = "\t\n\r"

func normalise(tag []byte, attributes []xml.Attr) error {
	if !bytes.ContainsAny(tag, lineBreaks) { // as of nearly all
		return nil
	}
	at := 0
	for i := range attributes {
		_, from, to, found := nextAttribute(tag, at)
		if !found {
			return errCut
		}
		at = to + 1
		if !bytes.ContainsAny(tag[from:to], lineBreaks) {
			continue
		}
		value, err := spaced(tag[from-1 : to+1])
		if err != nil {
			return err
		}
		attributes[i].Value = value
	}
	return nil
}

// spaced reads a value in its quotes.
func spaced(quoted []byte) (string, error) {
	written := strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ").Replace(string(quoted))
	token, err := xml.NewDecoder(strings.NewReader("<a b=" + written + "/>")).Token()
	if err != nil {
		return "", err
	}
	one, ok := token.(xml.StartElement)
	if !ok || len(one.Attr) != 1 {
		return "", errCut
	}
	return one.Attr[0].Value, nil
}

// nextAttribute finds the first attribute of a start tag behind a position: its name as it
// is written, and where its value stands, without its quotes. The tag is known to be
// well-formed, and the position stands in the name of the element or behind a value.
func nextAttribute(tag []byte, at int) (name string, from, to int, found bool) {
	rest := tag[at:]
	equals := bytes.IndexByte(rest, '=')
	if equals < 0 {
		return "", 0, 0, false
	}
	quote := bytes.IndexAny(rest[equals:], `"'`)
	if quote < 0 {
		return "", 0, 0, false
	}
	quote += equals
	length := bytes.IndexByte(rest[quote+1:], rest[quote])
	if length < 0 {
		return "", 0, 0, false
	}
	words := bytes.Fields(rest[:equals]) // before the first, the name of the element
	if len(words) == 0 {
		return "", 0, 0, false
	}
	return string(words[len(words)-1]), at + quote + 1, at + quote + 1 + length, true
}

// unbound reports whether the name in a start tag has a prefix that the document does not
// declare. For Prosody it may be declared: an attribute of the <open/> with a namespace of
// its own becomes a declaration for the whole stream.
func unbound(tag []byte, name xml.Name) bool {
	written := tag[len("<"):]
	if end := bytes.IndexAny(written, " \t\r\n/>"); end >= 0 {
		written = written[:end]
	}
	prefix, _, found := bytes.Cut(written, []byte(":"))
	return found && (len(prefix) == 0 || string(prefix) == name.Space || strings.Contains(name.Local, ":"))
}
