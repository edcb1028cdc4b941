package jid

import (
	"errors"
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
	"golang.org/x/text/unicode/bidi"
)

var (
	errMixed = errors.New("letters that run from right to left are mixed with others")
	errEnds  = errors.New("a name that runs from right to left begins and ends with such a letter")
)

// checkDirections is RFC 3454 section 6. Of a code point that Unicode 3.2 does
// not know a later Unicode's direction counts, as ICU has it, with which Debian
// builds Prosody.
func checkDirections(s string) error {
	left, right := false, false
	for _, r := range s {
		switch direction(r) {
		case bidi.L:
			left = true
		case bidi.R:
			right = true
		}
	}
	if !right {
		return nil
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	switch {
	case left:
		return errMixed
	case direction(first) != bidi.R || direction(last) != bidi.R:
		return errEnds
	}
	return nil
}

// direction is left, right, or neither.
func direction(r rune) bidi.Class {
	switch {
	case stringprep.TableD1.Contains(r):
		return bidi.R
	case stringprep.TableD2.Contains(r):
		return bidi.L
	case !unassigned(r):
		return bidi.ON
	}
	switch properties, _ := bidi.LookupRune(r); properties.Class() {
	case bidi.L:
		return bidi.L
	case bidi.R, bidi.AL:
		return bidi.R
	}
	return bidi.ON
}
