package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner notes the values of a text that jsontext has found to be one strict JSON
// value. It asks nothing that was asked there, so it must see no other text.
type scanner struct {
	*Document
	at      int  // in text
	escapes bool // there is a backslash somewhere in text
}

// value reads the value that begins at s.at, and ends behind it.
func (s *scanner) value(of name, depth int) (err error) {
	if depth > maxDepth {
		return errDepth
	}
	i := len(s.nodes)
	n := Node{name: of, at: int32(i), end: int32(i + 1), Kind: jsontext.Kind(s.text[s.at])}
	switch n.Kind {
	case '{', '[':
		s.nodes = append(s.nodes, n)
		err = s.members(n.Kind == '{', depth)
		s.nodes[i].end = int32(len(s.nodes))
		return err
	case '"':
		n.Text, err = s.string()
	case 't', 'f', 'n':
		n.Text = s.bare()
	default:
		n.Kind, n.Text = '0', s.bare()
	}
	s.nodes = append(s.nodes, n)
	return err
}

// members reads an object or an array, with both brackets.
func (s *scanner) members(named bool, depth int) error {
	s.at++
	for {
		s.next()
		if c := s.text[s.at]; c == '}' || c == ']' {
			s.at++
			return nil
		}
		var of name
		if named {
			var err error
			if of, err = s.name(); err != nil {
				return err
			}
			s.next()
		}
		if err := s.value(of, depth+1); err != nil {
			return err
		}
	}
}

// next goes over white space, and the comma or colon in it.
func (s *scanner) next() {
	for {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.at++
		default:
			return
		}
	}
}

// name reads the name of a member.
func (s *scanner) name() (name, error) {
	from, before := s.at+1, len(s.scratch)
	text, err := s.string()
	if len(s.scratch) > before {
		return name{int32(before), int32(len(s.scratch)), true}, err
	}
	return name{int32(from), int32(from + len(text)), false}, err
}

// string reads a string, and unescapes it.
func (s *scanner) string() ([]byte, error) {
	inside := s.text[s.at+1:]
	end := bytes.IndexByte(inside, '"')
	if !s.escapes || bytes.IndexByte(inside[:end], '\\') < 0 {
		s.at += end + len(`""`)
		return inside[:end:end], nil // a bare NUL is no JSON
	}
	for end = 0; inside[end] != '"'; end++ {
		if inside[end] == '\\' {
			end++
		}
	}
	raw := s.text[s.at : s.at+end+len(`""`)]
	s.at += len(raw)
	return s.unescape(raw)
}

func (s *scanner) unescape(raw []byte) (text []byte, err error) {
	start := len(s.scratch)
	if s.scratch, err = jsontext.AppendUnquote(s.scratch, raw); err != nil {
		return nil, err
	}
	text = s.scratch[start:len(s.scratch):len(s.scratch)]
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, errNUL
	}
	return text, nil
}

// bare reads a number, true, false or null.
func (s *scanner) bare() []byte {
	from := s.at
	for {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r', ',', '}', ']':
			return s.text[from:s.at:s.at]
		}
		s.at++
	}
}

// deeper reports whether brackets nest deeper than most levels, so that no reader is led
// deeper. It is exact as far as the text is JSON, and no reader goes on where it is not.
func deeper(text []byte, most int) bool {
	if bytes.Count(text, []byte("{"))+bytes.Count(text, []byte("[")) <= most {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > most {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
