// Package text answers one question: how is text from elsewhere shown to a
// person, in a message, a log line or a terminal? It starts no goroutine and has
// no lock.
package text

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// shown is how much of a text a message repeats, in bytes.
const shown = 80

// Clip shortens what a message repeats to 80 bytes and an ellipsis. What is cut
// off ends between two characters.
func Clip[T ~string | ~[]byte](s T) string { return ClipTo(s, shown) }

// named is how much of a name a log line repeats, in bytes.
const named = 64

// Name is [Clip] for a name of unknown origin (an account, a room, a key), of which
// 64 bytes are shown.
func Name[T ~string | ~[]byte](s T) string { return ClipTo(s, named) }

// ClipTo is [Clip] for other lengths, in bytes.
func ClipTo[T ~string | ~[]byte](s T, most int) string {
	if len(s) <= most {
		return string(s)
	}
	for begun := most - utf8.UTFMax; most > 0 && most > begun && !utf8.RuneStart(s[most]); {
		most--
	}
	return string(s[:most]) + "…"
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

// First returns at most so many of a list, and as a last one how many more there
// are: [a b], [and 3 more].
func First(list []string, most int) []string {
	if len(list) <= most {
		return list
	}
	return append(list[:most:most], AndMore(len(list)-most))
}

// AndMore stands at the end of a list for what is left out of it.
func AndMore(n int) string { return fmt.Sprintf("and %d more", n) }

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

// Bytes is a size for people: 72 bytes, 1.5 KiB, 16.0 MiB.
func Bytes(n int64) string {
	const unit = 1024
	switch {
	case n < unit:
		return fmt.Sprintf("%d bytes", n)
	case n < unit*unit:
		return fmt.Sprintf("%.1f KiB", float64(n)/unit)
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(unit*unit))
}
