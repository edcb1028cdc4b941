package ticket

import (
	"crypto/rand"
	"strings"
)

// A ticket's text is a prefix that no token can begin with and still be one,
// a part to find the ticket by, and a secret part of 130 bits.
const (
	prefix         = "ut-"
	selectorLength = 12
	length         = len(prefix) + selectorLength + 26 // what rand.Text returns
)

// Is reports whether a password has the form of a ticket: 41 characters of
// [A-Za-z0-9-].
func Is(password string) bool { return len(password) == length && strings.HasPrefix(password, prefix) }

func newText() string { return prefix + rand.Text()[:selectorLength] + rand.Text() }

// split cuts the text of what Is a ticket.
func split(text string) (selector, secret string) {
	text = text[len(prefix):]
	return text[:selectorLength], text[selectorLength:]
}
