package localpart

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"usher/internal/jid"
	"usher/internal/text"
)

// localpart turns the name in a claim into an escaped localpart that is not
// changed by Prosody's preparation any more. The name is ASCII, or, if
// unicodeAllowed, what nodeprep leaves as it is but for letter case:
// otherwise ａｄｍｉｎ, ⓐdmin and "adm\u00adin" would all be admin
// (docs/security.md, "Accounts").
func localpart(name string, unicodeAllowed bool) (string, error) {
	if err := checkName(name, unicodeAllowed); err != nil {
		return "", err
	}
	// Lower case first: nodeprep would turn `\2F`, which is no escape, into
	// `\2f`, which is one for another name.
	escaped := jid.Escape(jid.LowerASCII(name))
	if jid.IsASCII(escaped) { // nodeprep leaves such a name alone, and the test beside this file holds it to that
		return escaped, checkLength(escaped)
	}
	if !norm.NFKC.IsNormalString(name) {
		return "", errors.New("it is written with compatibility characters that Prosody would turn into others")
	}
	prepared, err := jid.Nodeprep(escaped)
	if err != nil {
		return "", err
	}
	if !equalButCase(prepared, escaped) {
		return "", errors.New("it is written with characters that Prosody would change or drop")
	}
	return prepared, nil
}

func checkLength(s string) error {
	if len(s) > jid.MaxPart {
		return fmt.Errorf("%d bytes, at most %d are allowed", len(s), jid.MaxPart)
	}
	return nil
}

func checkName(name string, unicodeAllowed bool) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case !utf8.ValidString(name):
		return errors.New("it is not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("it has a control character")
	case strings.HasPrefix(name, " ") || strings.HasSuffix(name, " "):
		return errors.New("it begins or ends with a space, which XEP-0106 does not allow")
	case !unicodeAllowed && !jid.IsASCII(name):
		return fmt.Errorf("%q goes beyond ASCII, and account_charset is ascii (unicode would let it in)",
			text.Name(name))
	}
	return nil
}

// equalButCase compares rune by rune under simple case folding. It is never
// asked about text that is not NFKC, so no fold crosses into ASCII (the
// Kelvin sign and the long s are gone by then).
func equalButCase(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if !foldEqual(x[i], y[i]) {
			return false
		}
	}
	return true
}

func foldEqual(a, b rune) bool {
	for r := unicode.SimpleFold(a); ; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
		if r == a {
			return false
		}
	}
}

// Random returns a localpart that nobody can guess.
func Random() string { return strings.ToLower(rand.Text()) }
