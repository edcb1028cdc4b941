package stanza

import (
	"bytes"
	"unicode/utf8"
)

// Bounds of what [SurelyMessage] reads.
const (
	maxSure           = 4 << 10 // bytes
	maxSureDepth      = 16
	maxSureAttributes = 8 // of one element
)

// SurelyMessage reports whether a text is for certain one message of a client
// (RFC 6121 section 5) and nothing else, in the plain spelling that clients use: no
// reference, no prefix, no comment. It says no of many messages, and is for what comes
// most often: [Parse] finds out about the rest, in ten times as long. Whatever it says
// yes to, Parse reads as a message.
func SurelyMessage(text []byte) bool {
	if len(text) > maxSure || !bytes.HasPrefix(text, []byte("<message ")) || !utf8.Valid(text) ||
		bytes.ContainsAny(text, "&\t\r\n") || bytes.Contains(text, []byte("]]>")) ||
		bytes.Contains(text, []byte("\xef\xbf")) { // U+FFFE and U+FFFF are no characters of XML
		return false
	}
	var open [maxSureDepth][]byte // names of the elements that have not ended
	for depth := 0; len(text) > 0; {
		before, tag, found := bytes.Cut(text, []byte("<"))
		if !found || !printable(before) || depth == 0 && len(before) > 0 {
			return false
		}
		inside, rest, found := bytes.Cut(tag, []byte(">"))
		if !found || bytes.ContainsRune(inside, '<') {
			return false
		}
		text = rest
		switch name, kind := sureTag(inside, depth == 0); {
		case kind == closing:
			if depth == 0 || !bytes.Equal(name, open[depth-1]) {
				return false
			}
			depth--
		case kind == empty:
		case kind == opening && depth < len(open):
			open[depth] = name
			depth++
		default:
			return false
		}
		if depth == 0 {
			return len(text) == 0
		}
	}
	return false
}

// A tagKind is what a tag does.
type tagKind int

const (
	unsure tagKind = iota
	opening
	closing
	empty // it opens and closes
)

// sureTag reads what stands in a tag. That of the root has to declare the namespace of clients.
func sureTag(inside []byte, root bool) (name []byte, kind tagKind) {
	if name, found := bytes.CutPrefix(inside, []byte("/")); found {
		return name, closing
	}
	kind = opening
	if cut, found := bytes.CutSuffix(inside, []byte("/")); found {
		inside, kind = cut, empty
	}
	name, rest, _ := bytes.Cut(inside, []byte(" "))
	if !sureName(name) || !sureAttributes(rest, root) {
		return nil, unsure
	}
	return name, kind
}

// sureAttributes reads what follows the name of an element and a space.
func sureAttributes(rest []byte, root bool) bool {
	var names [maxSureAttributes][]byte
	for n := 0; ; n++ {
		if rest = bytes.TrimLeft(rest, " "); len(rest) == 0 {
			return !root // it has no namespace of its own
		}
		name, value, after, ok := sureAttribute(rest)
		if !ok || n == len(names) {
			return false
		}
		for _, other := range names[:n] {
			if bytes.Equal(name, other) {
				return false
			}
		}
		names[n], rest = name, after
		if string(name) != "xmlns" {
			continue
		}
		if len(value) == 0 || bytes.ContainsAny(value, notInAddress) || root && string(value) != NamespaceClient {
			return false
		}
		root = false
	}
}

// sureAttribute reads the first attribute. What follows it is a space, or nothing.
func sureAttribute(text []byte) (name, value, after []byte, ok bool) {
	name, rest, found := bytes.Cut(text, []byte("="))
	if !found || len(rest) == 0 || !sureName(name) && string(name) != "xml:lang" {
		return nil, nil, nil, false
	}
	quote := rest[0]
	end := bytes.IndexByte(rest[1:], quote)
	if quote != '"' && quote != '\'' || end < 0 {
		return nil, nil, nil, false
	}
	value, after = rest[1:1+end], rest[1+end+1:]
	return name, value, after, printable(value) && (len(after) == 0 || after[0] == ' ')
}

// sureName reports whether a name is one of ASCII letters, digits and a few signs, without a
// prefix.
func sureName(name []byte) bool {
	for i, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return len(name) > 0
}

// printable reports whether there are no control characters, which XML has not.
func printable(text []byte) bool {
	for _, c := range text {
		if c < ' ' {
			return false
		}
	}
	return true
}
