package auth

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// localpartEscaper replaces the characters that XEP-0106 section 3.2 forbids.
var localpartEscaper = strings.NewReplacer(
	" ", `\20`, `"`, `\22`, "&", `\26`, "'", `\27`, "/", `\2f`, ":", `\3a`, "<", `\3c`, ">", `\3e`, "@", `\40`)

var localpartUnescaper = strings.NewReplacer(
	`\20`, " ", `\22`, `"`, `\26`, "&", `\27`, "'", `\2f`, "/", `\3a`, ":", `\3c`, "<", `\3e`, ">", `\40`, "@", `\5c`, `\`)

// A backslash is escaped only where it could be read as an escape.
var backslashEscaper = strings.NewReplacer(
	`\20`, `\5c20`, `\22`, `\5c22`, `\26`, `\5c26`, `\27`, `\5c27`, `\2f`, `\5c2f`, `\3a`, `\5c3a`,
	`\3c`, `\5c3c`, `\3e`, `\5c3e`, `\40`, `\5c40`, `\5c`, `\5c5c`)

// EscapeLocalpart returns s with the characters that no localpart may hold
// escaped by XEP-0106, as Prosody's util.jid does it.
func EscapeLocalpart(s string) string {
	if !strings.ContainsAny(s, ` "&'/:<>@\`) {
		return s
	}
	return localpartEscaper.Replace(backslashEscaper.Replace(s))
}

// UnescapeLocalpart undoes EscapeLocalpart.
func UnescapeLocalpart(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	return localpartUnescaper.Replace(s)
}

// localpart turns the name in a claim into an escaped localpart that is not
// changed by Prosody's preparation any more. The name is ASCII, or, if
// unicodeAllowed, what nodeprep leaves as it is but for letter case:
// otherwise ａｄｍｉｎ, ⓐdmin and "adm\u00adin" would all be admin
// (threats.md, "Rules for names").
func localpart(name string, unicodeAllowed bool) (string, error) {
	if err := checkName(name, unicodeAllowed); err != nil {
		return "", err
	}
	// Lower case first: nodeprep would turn `\2F`, which is no escape, into
	// `\2f`, which is one for another name.
	escaped := EscapeLocalpart(lowerASCII(name))
	if isASCII(escaped) { // nodeprep leaves such a name alone, and the test beside this file holds it to that
		return escaped, checkLength(escaped)
	}
	if !norm.NFKC.IsNormalString(name) {
		return "", errors.New("it is written with compatibility characters that Prosody would turn into others")
	}
	prepared, err := Nodeprep(escaped)
	if err != nil {
		return "", err
	}
	if !equalButCase(prepared, escaped) {
		return "", errors.New("it is written with characters that Prosody would change or drop")
	}
	return prepared, nil
}

func checkLength(s string) error {
	if len(s) > maxLocalpart {
		return fmt.Errorf("%d bytes, at most %d are allowed", len(s), maxLocalpart)
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
	case !unicodeAllowed && !isASCII(name):
		return fmt.Errorf("%q goes beyond ASCII, and account_charset is ascii (unicode would let it in)", clip(name))
	}
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
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
