package jid

import (
	"regexp"
	"strings"
)

// expression finds what only regular expressions and Lua's patterns have; a name may have a dot, a plus or a bracket.
var expression = regexp.MustCompile(`^\^|\$$|\.[*+?]|%[acdglpsuwx-][*+]?|\\[dwsb.]|\(\?|\[[^\]]*[a-z0-9]-[a-z0-9][^\]]*\]|\{[0-9]`)

// HintClaim says what may have been meant by the text of a room claim that opens nothing that was
// asked for, and what to write, or nothing. It is for an operator, after a semicolon.
func HintClaim(text string) string {
	switch {
	case text == "*":
		return ""
	case strings.Contains(text, "://"):
		return "if that is a link, write the last part of its path alone"
	case strings.Contains(text, "@"):
		return "if that is an address, write what stands before the @ alone"
	case strings.TrimSpace(text) != text:
		return "take out the white space around the name"
	case !HasEscape(text) && expression.MatchString(text):
		return "if that is a regular expression, have the application set context.room.regex: true, and write it " +
			"for RE2 (\\d, not Lua's %d)"
	case strings.Contains(text, "*"):
		return `"*" is every room only if it stands alone; for some rooms have the application set context.room.regex: true, and write .* there`
	}
	return ""
}
