package jid

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
	"golang.org/x/text/unicode/norm"

	"usher/internal/text"
)

// MaxPart is the longest localpart or domain, in bytes (RFC 6122 sections 2.2
// and 2.3).
const MaxPart = 1023

// MaxJID is the longest JID, in bytes (RFC 6122 section 2.1), and more than any
// bare one has.
const MaxJID = 3*MaxPart + 2

// mappings are tables B.1 and B.2 of RFC 3454. U+1806 is missing in the
// library's table B.1.
func mappings() []stringprep.Mapping {
	return []stringprep.Mapping{stringprep.TableB1, {0x1806: {}}, stringprep.TableB2}
}

// nodeprepProfile is RFC 6122 appendix A. Prosody prepares names with it, and
// PRECIS (RFC 7622) gives other results, so this is the profile that decides.
var nodeprepProfile = profile{stringprep.Profile{
	Mappings:  mappings(),
	Normalize: true,
	Prohibits: []stringprep.Set{
		stringprep.TableC1_1, stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2,
		stringprep.TableC3, stringprep.TableC4, stringprep.TableC5, stringprep.TableC6,
		stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
		{{'"', '"'}, {'&', '&'}, {'\'', '\''}, {'/', '/'}, {':', ':'}, {'<', '<'}, {'>', '>'}, {'@', '@'}},
	},
	CheckBiDi: true,
}}

// nameprepProfile is RFC 3491, with which Prosody prepares domains.
var nameprepProfile = profile{stringprep.Profile{
	Mappings:  mappings(),
	Normalize: true,
	Prohibits: []stringprep.Set{
		stringprep.TableC1_2, stringprep.TableC2_2, stringprep.TableC3, stringprep.TableC4, stringprep.TableC5,
		stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
	},
	CheckBiDi: true,
}}

// corrected are the ideographs whose normal form Unicode changed after 3.2
// (corrigendum 4). Prosody knows the old form, Go the new one: refused.
var corrected = stringprep.Set{{0x2f868, 0x2f868}, {0x2f874, 0x2f874}, {0x2f91f, 0x2f91f}, {0x2f95f, 0x2f95f},
	{0x2f9bf, 0x2f9bf}}

func unassigned(r rune) bool { return r >= utf8.RuneSelf && stringprep.TableA1.Contains(r) }

// Nodeprep prepares a localpart as Prosody does (RFC 6122 appendix A), but
// without the code points that Unicode 3.2 does not know, which an account may
// not have (RFC 3454 section 7, "stored strings"). It is an error if nothing is
// left, if more than MaxPart bytes are, or if s holds what no localpart may.
func Nodeprep(s string) (string, error) { return nodeprepProfile.stored(s) }

// NodeprepQuery is Nodeprep as Prosody itself does it: it leaves code points
// that Unicode 3.2 does not know as they are (RFC 3454 section 7, "queries").
func NodeprepQuery(s string) (string, error) { return nodeprepProfile.query(s) }

// Nameprep prepares a domain as Prosody does (RFC 6122 section 2.2), within the
// same bounds, and without the code points that Unicode 3.2 does not know. That
// the result is a domain's name is not checked.
func Nameprep(s string) (string, error) { return nameprepProfile.stored(s) }

// NameprepQuery is Nameprep as Prosody itself does it: it leaves code points
// that Unicode 3.2 does not know as they are.
func NameprepQuery(s string) (string, error) { return nameprepProfile.query(s) }

// A profile is one of stringprep (RFC 3454).
type profile struct{ stringprep.Profile }

func (p profile) stored(s string) (string, error) {
	if utf8.ValidString(s) && strings.IndexFunc(s, unassigned) >= 0 {
		return "", fmt.Errorf("name %q: a character that Prosody, with Unicode 3.2, does not know", text.Name(s))
	}
	return p.query(s)
}

func (p profile) query(s string) (string, error) {
	switch {
	case isPlain(s) && s != "" && len(s) <= MaxPart: // nearly every name: no profile changes or prohibits any of it
		return s, nil
	case !utf8.ValidString(s):
		return "", fmt.Errorf("name %q is not UTF-8", text.Name(s))
	case strings.ContainsFunc(s, corrected.Contains):
		return "", fmt.Errorf("name %q: a character that Unicode changed after 3.2, which is what Prosody knows",
			text.Name(s))
	}
	prepared := p.normalize(s)
	if err := p.check(prepared); err != nil {
		return "", fmt.Errorf("name %q: %w", text.Name(s), err)
	}
	if prepared == "" || len(prepared) > MaxPart {
		return "", fmt.Errorf("name %q: %d bytes once prepared, 1 to %d are allowed", text.Name(s), len(prepared),
			MaxPart)
	}
	return prepared, nil
}

// normalize maps and normalises. In Unicode 3.2 a code point that it does not
// know combines with nothing, so what stands between such is normalised by
// itself: Go's tables know more of them.
func (p profile) normalize(s string) string {
	at := strings.IndexFunc(s, unassigned)
	if at < 0 {
		return p.normalizeKnown(s)
	}
	var b strings.Builder
	for ; at >= 0; at = strings.IndexFunc(s, unassigned) {
		_, size := utf8.DecodeRuneInString(s[at:])
		b.WriteString(p.normalizeKnown(s[:at]))
		b.WriteString(s[at : at+size])
		s = s[at+size:]
	}
	b.WriteString(p.normalizeKnown(s))
	return b.String()
}

func (p profile) normalizeKnown(s string) string {
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		b.WriteString(p.mapRune(r))
	}
	return norm.NFKC.String(b.String())
}

func (p profile) mapRune(r rune) string {
	for _, m := range p.Mappings {
		if to, ok := m.Map(r); ok {
			return string(to)
		}
	}
	return string(r)
}

// check looks for prohibited characters and for directions that are mixed.
func (p profile) check(prepared string) error {
	if _, err := (stringprep.Profile{Prohibits: p.Prohibits}).Prepare(prepared); err != nil {
		return inWords(err)
	}
	if !p.CheckBiDi {
		return nil
	}
	return checkDirections(prepared)
}

// inWords names the character that no name may have as people call it: the library writes "(rune: '\u0027')".
func inWords(err error) error {
	odd, ok := errors.AsType[stringprep.Error](err)
	switch {
	case !ok:
		return err
	case odd.Rune == '\'':
		return errors.New("no name may have an apostrophe")
	case odd.Rune == ' ':
		return errors.New("no name may have a space")
	case unicode.IsPrint(odd.Rune):
		return fmt.Errorf("no name may have the character %c", odd.Rune)
	}
	return fmt.Errorf("no name may have the character U+%04X", odd.Rune)
}

// isPlain reports whether a text has only small letters, digits and the
// punctuation that both profiles leave alone.
func isPlain(s string) bool {
	for i := range len(s) {
		if !plain[s[i]] {
			return false
		}
	}
	return true
}

var plain = [256]bool{
	'a': true, 'b': true, 'c': true, 'd': true, 'e': true, 'f': true, 'g': true, 'h': true, 'i': true, 'j': true,
	'k': true, 'l': true,
	'm': true, 'n': true, 'o': true, 'p': true, 'q': true, 'r': true, 's': true, 't': true, 'u': true, 'v': true,
	'w': true, 'x': true,
	'y': true, 'z': true, '0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true,
	'8': true, '9': true,
	'-': true, '_': true, '.': true, '!': true, '~': true, '*': true, '(': true, ')': true, '%': true, '[': true,
	']': true, '+': true,
}

// IsASCII reports whether every byte of a text is below 0x80.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// LowerASCII makes small letters of A to Z, and leaves all else as it is.
func LowerASCII(s string) string {
	i := 0
	for i < len(s) && !isUpperASCII(rune(s[i])) {
		i++
	}
	if i == len(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isUpperASCII(r) {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

func isUpperASCII(r rune) bool { return 'A' <= r && r <= 'Z' }
