package strictyaml

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"usher/internal/text"
)

// A Value is a node of the file and what messages call it. Its methods read it
// as one type, and report a problem if it is another. The zero Value is nowhere.
type Value struct {
	report *Report
	at     *yaml.Node // where it is named: the alias, not what that stands for
	node   *yaml.Node // what it is: never an alias
	name   string
}

// of returns the value of another node, with its alias followed.
func (v Value) of(node *yaml.Node, name string) Value {
	return Value{v.report, node, resolved(node), name}
}

// resolved follows an alias to what it stands for.
func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

// IsZero reports whether the value is nowhere in the file.
func (v Value) IsZero() bool { return v.node == nil }

// Name returns what messages call the value: by default its key.
func (v Value) Name() string { return v.name }

// Named returns the value with another name for messages.
func (v Value) Named(name string) Value {
	v.name = name
	return v
}

// Report returns where the value's problems are collected.
func (v Value) Report() *Report { return v.report }

// Problem reports what is wrong at the value's place, and what to do about it.
func (v Value) Problem(mend, format string, args ...any) {
	v.report.Problem(v.at.Line, v.at.Column, mend, format, args...)
}

// Warn is [Value.Problem] for what is no reason to refuse the file.
func (v Value) Warn(mend, format string, args ...any) {
	v.report.Warn(v.at.Line, v.at.Column, mend, format, args...)
}

// Tag returns the type that YAML sees, such as !!bool, !!int, !!str, !!map and
// !!seq, without a report about any other.
func (v Value) Tag() string { return v.node.ShortTag() }

// Raw returns a text, number or switch as the file has it without its quotes; ""
// for lists and mappings.
func (v Value) Raw() string {
	if v.node.Kind != yaml.ScalarNode {
		return ""
	}
	return v.node.Value
}

// IsEmpty reports whether the value is a list or mapping without entries.
func (v Value) IsEmpty() bool {
	tag := v.node.ShortTag()
	return (tag == "!!map" || tag == "!!seq") && len(v.node.Content) == 0
}

// is reports whether the value has the tag; want names the type in a message.
func (v Value) is(tag, want string) bool {
	switch got := v.node.ShortTag(); {
	case got == tag && (v.node.Kind == yaml.ScalarNode) == (tag != "!!map" && tag != "!!seq"):
		return true
	case got == "!!null":
		v.Problem("write "+want+", or remove the key", "%s has no value", v.name)
	case want == "a text" && v.node.Kind == yaml.ScalarNode:
		v.Problem(fmt.Sprintf("put it in quotes: %q", text.Clip(v.node.Value)),
			"%s is %s, not a text", v.name, typeName(got))
	default:
		kind, _, _ := strings.Cut(want, ",") // without its example
		v.Problem("write "+want, "%s is %s, not %s", v.name, typeName(got), kind)
	}
	return false
}

func typeName(tag string) string {
	names := map[string]string{
		"!!map": "a mapping", "!!seq": "a list", "!!str": "a text", "!!int": "a number", "!!float": "a number",
		"!!bool": "true or false", "!!timestamp": "a date", "!!null": "empty", "!!merge": "a merge key",
	}
	if name, ok := names[tag]; ok {
		return name
	}
	return fmt.Sprintf("a value with the tag %q", text.Clip(tag))
}
