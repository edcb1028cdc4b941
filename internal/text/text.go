// Package text answers one question: how is text from elsewhere shown to a
// person, in a message, a log line or a terminal? It starts no goroutine and has
// no lock.
package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// shown is how much of a text a message repeats, in bytes.
const shown = 80

// Clip shortens what a message repeats to 80 bytes and an ellipsis. What is cut
// off ends between two characters.
func Clip(s string) string { return ClipTo(s, shown) }

// ClipTo is [Clip] for other lengths, in bytes.
func ClipTo(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// Printable keeps text from elsewhere, such as the room that a token names, from
// moving the cursor of the terminal, and from being shown in another order than it
// has.
func Printable(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return '?'
		}
		return c
	}, s)
}

// Plural returns "1 host" or "2 hosts".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Duration is Duration.String without zeros at its end: 5m, not 5m0s.
func Duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
