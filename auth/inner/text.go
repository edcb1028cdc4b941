package inner

import (
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"usher/internal/strictjson"
)

// The bounds of what passes. Prosody takes a request whose head has 10 KiB, and the
// inner token is the most of it.
const (
	maxMembers = 64   // of context.user, context.room and context.features each
	maxName    = 64   // of a member, in bytes
	maxText    = 1024 // of a text, in bytes: an avatar's address is the longest
	maxGroup   = 256  // of context.group and context.tenant
	maxContext = 4096 // of all members of context together, in bytes of JSON
)

// What is wrong with a claim that does not pass.
const (
	notScalar   = "it is no text, number or boolean"
	notSwitch   = "it is no boolean or text"
	notObject   = "it is no object"
	notName     = "its name can be no element of XML"
	notFeature  = "its name can be no attribute of XML"
	isRight     = "usher decides what the user may do"
	tooLong     = "it is too long"
	tooMany     = "there are too many members, or the context is too long"
	isEmpty     = "it is empty"
	notKnown    = "no module of Jitsi needs it"
	luaPatterns = "Prosody would read the room as a Lua pattern; usher decides each join by its own"
)

// scalar returns a text, a number or a boolean as what passes: a text, or for a boolean
// literal "true" or "false" without quotes.
func scalar(n *strictjson.Node) (text string, literal bool, why string) {
	switch n.Kind {
	case '"':
		text = plain(string(n.Text))
	case '0':
		var ok bool
		if text, ok = strictjson.Decimal(n.Text); !ok {
			return "", false, tooLong
		}
	case 't', 'f':
		return string(n.Text), true, ""
	default:
		return "", false, notScalar
	}
	if len(text) > maxText {
		return "", false, tooLong
	}
	return text, false, ""
}

// plain leaves out what XML cannot hold: control characters, and the two code points
// that are none. A join with one of them is lost in Prosody.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, s)
}

// quote writes a JSON string. The text is valid UTF-8.
func quote(s string) string {
	b, _ := jsontext.AppendQuote(nil, s) // it fails for invalid UTF-8 only, and has replaced that
	return string(b)
}
