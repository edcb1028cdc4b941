package text

import (
	"regexp"
	"strings"
)

// tokens finds a JSON Web Token in compact form, or as much of one as was not cut off: a header that begins with a
// brace and a quotation mark, in base64, and what it is about.
var tokens = regexp.MustCompile(`ey[\w-]{14,}\.[\w-]{8,}\.[\w-]*`)

// WithoutTokens leaves out each JSON Web Token of a text from elsewhere, such as one that was written where a name
// belongs.
func WithoutTokens(s string) string {
	if !strings.Contains(s, "ey") { // most have none: a pattern costs more
		return s
	}
	return tokens.ReplaceAllLiteralString(s, "(a token)")
}
