package jid

import "strings"

// isSafe is what JavaScript's encodeURIComponent leaves alone, of small letters.
func isSafe(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-_.!~*()'", c) >= 0
}

func allSafe(s string) bool {
	for i := range len(s) {
		if !isSafe(s[i]) {
			return false
		}
	}
	return true
}

// encode percent-encodes in small letters.
func encode(s string) string {
	const hex = "0123456789abcdef"
	if allSafe(s) {
		return s
	}
	var b strings.Builder
	b.Grow(3 * len(s))
	for i := range len(s) {
		if c := s[i]; isSafe(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// HasEscape reports whether a text has a percent sign and two hexadecimal
// digits: then it is taken to be percent-encoded already.
func HasEscape(s string) bool {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 || len(s) < i+3 {
			return false
		}
		if isHex(s[i+1]) && isHex(s[i+2]) {
			return true
		}
		s = s[i+1:]
	}
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }

// Decode undoes percent-encoding if [Spell] makes the same name of the result
// again: so it is not undone where two names would become one.
func Decode(name string) (text string, ok bool) {
	if !HasEscape(name) {
		return "", false
	}
	text = unescape(name)
	s, err := Spell(text)
	return text, err == nil && s.Encoded == name && text != name
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			b.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
