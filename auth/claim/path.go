package claim

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"usher/internal/strictjson"
)

// A Path names a claim by the exact names of the objects that it is in.
type Path []string

// ParsePath reads the form of the configuration: names with dots between,
// "context.user.id". A name with a dot, an equals sign or a quote in it is
// quoted as in TOML, with "…" (backslash escapes) or '…' (none):
// `resource_access."meet.example.com".roles`.
func ParsePath(s string) (Path, error) {
	path, _, found, err := Cut(s)
	if err == nil && found {
		return nil, errors.New("it has an equals sign outside quotes")
	}
	return path, err
}

// Cut reads a claim path, and what stands after an equals sign behind it,
// if there is one: "context.user.affiliation=owner".
func Cut(s string) (path Path, value string, found bool, err error) {
	rest := s
	for {
		var name string
		if name, rest, err = cutName(rest); err != nil {
			return nil, "", false, err
		}
		path = append(path, name)
		switch {
		case rest == "":
			return path, "", false, nil
		case rest[0] == '=':
			return path, rest[1:], true, nil
		}
		rest = rest[1:] // the dot
	}
}

var errName = errors.New("it has an empty name")

// cutName reads the first name of a path. What is left is empty, or begins
// with a dot or an equals sign.
func cutName(s string) (name, rest string, err error) {
	switch {
	case strings.HasPrefix(s, `"`):
		quoted, err := strconv.QuotedPrefix(s)
		if err != nil {
			return "", "", errors.New("it has a quote that is not closed, or an escape that is none")
		}
		rest = s[len(quoted):]
		if name, err = strconv.Unquote(quoted); err != nil {
			return "", "", err
		}
	case strings.HasPrefix(s, "'"):
		var closed bool
		if name, rest, closed = strings.Cut(s[1:], "'"); !closed {
			return "", "", errors.New("it has a quote that is not closed")
		}
	default:
		end := strings.IndexAny(s, `.="'`)
		if end < 0 {
			end = len(s)
		}
		name, rest = s[:end], s[end:]
	}
	switch {
	case name == "":
		return "", "", errName
	case rest != "" && rest[0] != '.' && rest[0] != '=':
		return "", "", errors.New("it has a quote inside a name")
	}
	return name, rest, nil
}

// String returns the form that ParsePath reads.
func (p Path) String() string {
	names := make([]string, len(p))
	for i, name := range p {
		if names[i] = name; name == "" || strings.ContainsAny(name, `.="'`) {
			names[i] = strconv.Quote(name)
		}
	}
	return strings.Join(names, ".")
}

// InTheWay says what of a document stands on the way to the claim that is not an
// object, so that nothing in it can be found. It is empty if nothing does.
func (p Path) InTheWay(d *strictjson.Document) string {
	n := d.Root()
	for i, name := range p {
		if n = d.Member(n, name); n == nil {
			return ""
		}
		if n.Kind != '{' && i+1 < len(p) {
			return fmt.Sprintf("%s is %s, not an object", p[:i+1], n.Words())
		}
	}
	return ""
}
