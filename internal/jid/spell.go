package jid

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"usher/internal/text"
)

// Spelled are the two localparts that read the same to a person as a text: as
// it is, and percent-encoded as Jitsi's web client writes rooms. One that
// Prosody would change or refuse is empty, as no room can be called that.
type Spelled struct{ Plain, Encoded string }

// Is reports whether a localpart, or the part of one after its [tenant], is one
// of the two, byte for byte.
func (s Spelled) Is(name string) bool { return name != "" && (name == s.Plain || name == s.Encoded) }

func (s Spelled) appendTo(list []string, prefix string) []string {
	for _, name := range []string{s.Plain, s.Encoded} {
		if name != "" {
			list = append(list, prefix+name)
		}
	}
	return list
}

// A SpellingError says why no room can be called by a text.
type SpellingError struct {
	Text  string
	Write string // what to write instead, or empty
	why   string
}

// Error names the text, why it names no room, and what to write.
func (e *SpellingError) Error() string {
	s := fmt.Sprintf("%q names no room: %s", text.Name(e.Text), e.why)
	if e.Write != "" {
		s += fmt.Sprintf("; write %q", text.Name(e.Write))
	}
	return s
}

// Spell returns the localparts that a room is called by which a person names.
// It is the rule of Jitsi's web client (getBackendSafeRoomName in its
// react/features/base/util/uri.ts) without its first step, which decodes, and
// without NFKC: both would make one name of two rooms that Prosody tells apart.
// The error is always a [*SpellingError].
func Spell(text string) (Spelled, error) {
	lower, err := lowered(text)
	if err != nil {
		return Spelled{}, err
	}
	var s Spelled
	if leavesAlone(lower) {
		s.Plain = lower
	}
	if s.Encoded = s.Plain; !allSafe(lower) {
		s.Encoded = ""
		if encoded := encode(lower); !HasEscape(text) && leavesAlone(encoded) {
			s.Encoded = encoded
		}
	}
	if s == (Spelled{}) {
		return s, &SpellingError{Text: text, why: whyNone(text)}
	}
	return s, nil
}

// SpellParts is [Spell] for what stands between the asterisks of a pattern:
// each part is spelled as it would be in the middle of a name. A list is nil if
// no name is spelled that way. A pattern of which both are nil is an error.
func SpellParts(parts []string) (plain, encoded []string, err error) {
	text := strings.Join(parts, "*")
	isPlain, isEncoded := true, !HasEscape(text)
	for _, part := range parts {
		lower, err := lowered(part)
		if err != nil {
			return nil, nil, err
		}
		code := encode(lower)
		isPlain, isEncoded = isPlain && fitsIn(lower), isEncoded && fitsIn(code)
		plain, encoded = append(plain, lower), append(encoded, code)
	}
	if !isPlain {
		plain = nil
	}
	if !isEncoded {
		encoded = nil
	}
	if plain == nil && encoded == nil {
		return nil, nil, &SpellingError{Text: text, why: whyNone(text)}
	}
	return plain, encoded, nil
}

// lowered is a text in the normal form C and in small letters, by the full
// mapping of Unicode: strings.ToLower makes "istanbul" of "İstanbul", which is
// another room.
func lowered(text string) (string, error) {
	if IsASCII(text) {
		return LowerASCII(text), nil
	}
	if !utf8.ValidString(text) {
		return "", &SpellingError{Text: text, why: "it is not UTF-8"}
	}
	text = norm.NFC.String(text)
	if !norm.NFKC.IsNormalString(text) {
		return "", &SpellingError{Text: text, Write: norm.NFKC.String(text),
			why: "it has compatibility characters (full-width letters, ligatures and the like), which look like others"}
	}
	return cases.Lower(language.Und).String(text), nil
}

// leavesAlone reports whether Prosody's nodeprep keeps a name as it is.
func leavesAlone(name string) bool {
	if IsASCII(name) {
		return name != "" && len(name) <= MaxPart && asciiLocal(name)
	}
	prepared, err := NodeprepQuery(name)
	return err == nil && prepared == name
}

// fitsIn is leavesAlone for a part of a name: the other parts decide about
// directions and length.
func fitsIn(part string) bool {
	if IsASCII(part) {
		return asciiLocal(part)
	}
	p := nodeprepProfile
	p.CheckBiDi = false
	prepared, err := p.query(part)
	return err == nil && prepared == part
}

// asciiLocal reports whether ASCII text has nothing that nodeprep changes or
// prohibits.
func asciiLocal(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || isUpperASCII(rune(c)) || strings.IndexByte(`"&'/:<>@`, c) >= 0 {
			return false
		}
	}
	return true
}

func whyNone(text string) string {
	switch {
	case text == "":
		return "it is empty"
	case strings.Contains(text, "'"):
		return "no localpart has an apostrophe (RFC 6122 appendix A.5), and Jitsi does not encode it"
	case HasEscape(text):
		return "it is percent-encoded in part, and has characters besides that no localpart has; encode all of it, " +
			"or nothing"
	case len(text) > MaxPart/3:
		return fmt.Sprintf("a localpart has at most %d bytes", MaxPart)
	}
	return "Prosody would change it or refuse it"
}
