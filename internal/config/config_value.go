package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v4"

	"usher/internal/text"
)

// A value is a node of the file and what messages call it. Its methods read
// it as one type, and report a problem if it is another.
type value struct {
	r    *reader
	at   *yaml.Node // where it is named: the alias, not what that stands for
	node *yaml.Node // what it is: never an alias
	name string
}

// An item is a text of the file and its place.
type item struct {
	value
	text string
}

// of returns the value of another node, with its alias followed.
func (v value) of(node *yaml.Node, name string) value {
	at := node
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	return value{v.r, at, node, name}
}

// portAlone reports a problem if the value is a port's number and nothing else, also in quotes. The scheme stands before the
// address that is suggested.
func (v value) portAlone(scheme string) bool {
	n, err := strconv.ParseUint(v.node.Value, 10, 16)
	if v.node.Kind != yaml.ScalarNode || err != nil || n == 0 {
		return false
	}
	v.problem("write "+scheme+"127.0.0.1:"+v.node.Value, "%s: %s is a port alone, not an address", v.name, v.node.Value)
	return true
}

func (v value) problem(mend, format string, args ...any) {
	v.r.report(v.at.Line, v.at.Column, false, mend, fmt.Sprintf(format, args...))
}

func (v value) warn(mend, format string, args ...any) {
	v.r.report(v.at.Line, v.at.Column, true, mend, fmt.Sprintf(format, args...))
}

// is reports whether the value has the tag; want names the type in a message.
func (v value) is(tag, want string) bool {
	switch got := v.node.ShortTag(); {
	case got == tag && (v.node.Kind == yaml.ScalarNode) == (tag != "!!map" && tag != "!!seq"):
		return true
	case got == "!!null":
		v.problem("write "+want+", or remove the key", "%s has no value", v.name)
	case want == "a text" && v.node.Kind == yaml.ScalarNode:
		v.problem(fmt.Sprintf("put it in quotes: %q", text.Clip(v.node.Value)), "%s is %s, not a text", v.name, typeName(got))
	default:
		kind, _, _ := strings.Cut(want, ",") // without its example
		v.problem("write "+want, "%s is %s, not %s", v.name, typeName(got), kind)
	}
	return false
}

func typeName(tag string) string {
	names := map[string]string{"!!map": "a mapping", "!!seq": "a list", "!!str": "a text", "!!int": "a number", "!!float": "a number",
		"!!bool": "true or false", "!!timestamp": "a date", "!!null": "empty", "!!merge": "a merge key"}
	if name, ok := names[tag]; ok {
		return name
	}
	return fmt.Sprintf("a value with the tag %q", text.Clip(tag))
}

// string returns a text that may be empty.
func (v value) string() (string, bool) {
	if !v.is("!!str", "a text") {
		return "", false
	}
	if strings.ContainsFunc(v.node.Value, unicode.IsControl) {
		v.problem("write it without line breaks, tabs and the like", "%s has a control character", v.name)
		return "", false
	}
	return v.node.Value, true
}

// word returns a text that is not empty.
func (v value) word() (string, bool) {
	s, ok := v.string()
	if ok && s == "" {
		v.problem("write a value, or remove it", "%s is empty", v.name)
	}
	return s, ok && s != ""
}

// boolean accepts true and false only: yes and on are texts since YAML 1.2.
func (v value) boolean(to *bool) {
	if v.is("!!bool", "true or false") {
		*to = strings.EqualFold(v.node.Value, "true")
	}
}

func (v value) integer(to *int, least, most int) {
	if !v.is("!!int", "a number") {
		return
	}
	n, err := strconv.Atoi(v.node.Value)
	if err != nil || n < least || n > most {
		v.problem(fmt.Sprintf("write %d to %d", least, most), "%s: %s is out of range", v.name, text.Clip(v.node.Value))
		return
	}
	*to = n
}

// duration accepts 0 and Go's form, as 1m30s. A most of 0 is no bound.
func (v value) duration(to *time.Duration, most time.Duration) {
	if v.node.ShortTag() != "!!int" && !v.is("!!str", "a duration, such as 10s") {
		return
	}
	d, err := time.ParseDuration(v.node.Value)
	switch {
	case err != nil:
		v.problem("write a number with a unit, such as 10s, 5m or 24h", "%s: %q is no duration", v.name, text.Clip(v.node.Value))
	case d < 0:
		v.problem("write 0s or more", "%s is negative", v.name)
	case most > 0 && d > most:
		v.problem("write at most "+text.Duration(most), "%s is %s, too long", v.name, text.Clip(v.node.Value))
	default:
		*to = d
	}
}

// oneOf returns a word of the list.
func (v value) oneOf(words ...string) (string, bool) {
	s, ok := v.word()
	if !ok {
		return "", false
	}
	if slices.Contains(words, s) {
		return s, true
	}
	v.problem(suggest(s, words)+"use one of: "+strings.Join(words, ", "), "%s: unknown value %q", v.name, text.Clip(s))
	return "", false
}
