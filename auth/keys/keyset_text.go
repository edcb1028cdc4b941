package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"usher/auth/keys/fetch"
	"usher/auth/keys/keyfile"
	"usher/internal/text"
)

// A setMember is one entry of a published set, not looked into yet.
type setMember struct {
	name  string // for an operator
	kid   string // or empty
	value jsontext.Value
	pem   bool // the value should be a string with PEM
}

// setMembers cuts a published set into its entries. Only what hides where an
// entry ends is an error here: each is judged alone.
func setMembers(text []byte) ([]setMember, error) {
	text = bytes.TrimPrefix(text, []byte(keyfile.ByteOrderMark)) // some editors and .NET servers write it
	if err := checkFirst(bytes.TrimSpace(text)); err != nil {
		return nil, err
	}
	top, err := objectMembers(text)
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", plainJSON(err))
	}
	var keys []jsontext.Value
	pems := false
	for _, m := range top {
		if m.kid == "keys" {
			keys = append(keys, m.value)
		}
		pems = pems || bytes.HasPrefix(m.value, []byte(`"-----BEGIN `))
	}
	switch {
	case len(keys) == 1 && keys[0].Kind() == '[':
		return arrayMembers(keys[0])
	case pems:
		return top, nil
	case len(keys) > 1:
		return nil, errors.New(`"keys" stands in it twice`)
	case len(keys) == 1:
		return nil, errors.New(`"keys" in it is not an array`)
	}
	return nil, notSet(top)
}

// lenient reads what each member's own strict reading refuses: two of one name,
// invalid UTF-8. It must not matter to the members beside.
func lenient(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true),
		jsontext.AllowInvalidUTF8(true))
}

func objectMembers(raw []byte) ([]setMember, error) {
	var list []setMember
	d := lenient(raw)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		kid := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		list = append(list, setMember{name: fmt.Sprintf("kid %q", text.Name(kid)), kid: kid, value: value.Clone(),
			pem: true})
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("something follows the end of the object")
	}
	return list, nil
}

// arrayMembers names each entry by its place and, if it can be told, its kid.
func arrayMembers(array jsontext.Value) ([]setMember, error) {
	var list []setMember
	d := lenient(array)
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m := setMember{name: fmt.Sprintf("key %d", len(list)+1), value: value.Clone()}
		if m.kid = textOf(value, "kid"); m.kid != "" {
			m.name += fmt.Sprintf(" (kid %q)", text.Name(m.kid))
		}
		list = append(list, m)
	}
	return list, nil
}

// textOf returns the first string with this name in an object, for messages.
func textOf(object jsontext.Value, name string) string {
	if object.Kind() != '{' {
		return ""
	}
	members, err := objectMembers(object)
	if err != nil {
		return ""
	}
	return textIn(members, name)
}

func textIn(members []setMember, name string) string {
	for _, m := range members {
		if m.kid != name || m.value.Kind() != '"' {
			continue
		}
		if text, err := jsontext.AppendUnquote(nil, m.value); err == nil {
			return string(text)
		}
	}
	return ""
}

// checkFirst recognises what is no JSON object by its first byte.
func checkFirst(text []byte) error {
	switch {
	case len(text) == 0:
		return errors.New("the answer is empty")
	case text[0] == '{':
		return nil
	case text[0] == '<':
		return errors.New("the answer is a web page (HTML or XML), not a key set; " +
			"is the path right, and open without a login?")
	case bytes.HasPrefix(text, []byte("-----BEGIN ")):
		return errors.New("the answer is PEM, not a key set; save it in a file and name that under public_key_files")
	case text[0] == '[':
		return errors.New(`the answer is a list; a key set is an object with the list as its "keys"`)
	}
	return errors.New("the answer is not JSON")
}

// notSet names what an object without keys is instead.
func notSet(top []setMember) error {
	if uri := textIn(top, "jwks_uri"); uri != "" {
		return fmt.Errorf("the answer is a discovery document; set jwks_url to its jwks_uri, %q", shownText(uri))
	}
	names := make([]string, 0, len(top))
	for _, m := range top {
		if m.kid == "kty" {
			return errors.New(`the answer is a single JWK; a key set is an object with a list of them as its "keys"`)
		}
		if len(names) < 5 {
			names = append(names, fmt.Sprintf("%q", text.Name(m.kid)))
		}
	}
	for _, name := range []string{"error_description", "message", "error", "detail", "title"} {
		if said := textIn(top, name); said != "" {
			return fmt.Errorf("the answer is an error, not a key set: %q", text.Name(said))
		}
	}
	if len(names) == 0 {
		return errors.New(`the answer is an empty object, without "keys"`)
	}
	return fmt.Errorf(`the answer is no key set: it has %s, and no "keys"`, strings.Join(names, ", "))
}

// maxShownText bounds what is repeated of a URL, in bytes.
const maxShownText = 200

// shownText is [fetch.Shown] of a text from elsewhere, cut.
func shownText(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "(not a URL)"
	}
	return text.ClipTo(fetch.Shown(u), maxShownText)
}

// plainJSON keeps the place and the kind of a syntax error, and none of the text.
func plainJSON(err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("byte %d: %w", syntax.ByteOffset, syntax.Err)
	}
	return err
}
