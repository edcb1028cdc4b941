package claim

import (
	"bytes"
	"errors"
	"slices"

	"usher/internal/strictjson"
)

// A Test says where a token may say that its user is a moderator, and
// how.
type Test struct {
	Path Path

	// Value is what the claim must say: as its text, in a list, or as a key of
	// an object (Zitadel's roles). In scope and scp it is one word of a text (RFC
	// 8693 section 4.2). Empty: the claim must be true, or "true".
	Value string
}

// ParseTest reads the form of the configuration: a claim path, and after
// an equals sign the value, if there is one: "context.user.affiliation=owner".
func ParseTest(s string) (Test, error) {
	path, value, found, err := Cut(s)
	if err != nil {
		return Test{}, err
	}
	if found && value == "" {
		return Test{}, errors.New("there is nothing after the equals sign")
	}
	return Test{path, value}, nil
}

// String returns the form that ParseTest reads.
func (t Test) String() string {
	if t.Value == "" {
		return t.Path.String()
	}
	return t.Path.String() + "=" + t.Value
}

// Equal reports whether two tests are the same.
func (t Test) Equal(u Test) bool { return t.Value == u.Value && slices.Equal(t.Path, u.Path) }

// Holds reports whether the claim, which is n of a document, passes the test.
func (t Test) Holds(d *strictjson.Document, n *strictjson.Node) bool {
	switch {
	case t.Value == "":
		yes, _ := Truth(n)
		return yes
	case n.Kind == '"':
		return string(n.Text) == t.Value || t.Path.isScope() && hasWord(n.Text, t.Value)
	case n.Kind == '[':
		return d.Elements(n, func(e *strictjson.Node) error {
			if e.Kind == '"' && string(e.Text) == t.Value {
				return errFound
			}
			return nil
		}) != nil
	}
	key := d.Member(n, t.Value) // nil unless n is an object
	return key != nil && !IsNo(key)
}

var errFound = errors.New("found")

// isScope reports whether the claim is a list of words with spaces between, as
// OAuth writes it (RFC 6749 section 3.3).
func (p Path) isScope() bool {
	name := p[len(p)-1]
	return name == "scope" || name == "scp"
}

func hasWord(text []byte, word string) bool {
	for w := range bytes.FieldsSeq(text) {
		if string(w) == word {
			return true
		}
	}
	return false
}

// IsNo reports whether the value of a key takes back what the key says, as in
// {"moderator": false}.
func IsNo(n *strictjson.Node) bool {
	yes, said := Truth(n)
	return said && !yes
}

// Truth reads true and false, and the two as texts, as some issuers write
// them. Nothing else means yes: not 1, not "yes", not "True".
func Truth(n *strictjson.Node) (yes, said bool) {
	switch {
	case n.Kind == 't' || n.Kind == '"' && string(n.Text) == "true":
		return true, true
	case n.Kind == 'f' || n.Kind == '"' && string(n.Text) == "false":
		return false, true
	}
	return false, false
}
