package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// A scanner notes the values of a text that jsontext has found to be one strict JSON
// value. It asks nothing that was asked there, so it must see no other text.
type scanner struct {
	*Document
	text    []byte
	at      int  // in text
	escapes bool // there is a backslash somewhere in text
}

// value reads the value that begins at s.at, and ends behind it.
func (s *scanner) value(name []byte, depth int) (err error) {
	if depth > maxDepth {
		return errDepth
	}
	i := len(s.nodes)
	s.nodes = append(s.nodes, Node{name: name, at: i})
	switch c := s.text[s.at]; c {
	case '{', '[':
		s.nodes[i].Kind = jsontext.Kind(c)
		err = s.members(c == '{', depth)
	case '"':
		s.nodes[i].Kind = '"'
		s.nodes[i].Text, err = s.string()
	case 't', 'f', 'n':
		s.nodes[i].Kind = jsontext.Kind(c)
		s.nodes[i].Text = s.bare()
	default:
		s.nodes[i].Kind = '0'
		s.nodes[i].Text = s.bare()
	}
	s.nodes[i].end = len(s.nodes)
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
		var name []byte
		if named {
			var err error
			if name, err = s.string(); err != nil {
				return err
			}
			s.next()
		}
		if err := s.value(name, depth+1); err != nil {
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
