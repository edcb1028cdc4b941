package strictyaml

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"usher/internal/text"
)

// A Field is a key that a mapping may have, and what reads its value.
type Field struct {
	Name string
	Read func(Value)
}

// Object reads a mapping with known keys, in the order of the file. Every other
// key is a problem: a misspelt one must not pass for its default. It reports
// whether all of them are known, so that what is missing is really missing.
func (v Value) Object(fields ...Field) (complete bool) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	entries := v.Entries()
	complete = v.node.Kind == yaml.MappingNode && 2*len(entries) == len(v.node.Content)
	for _, e := range entries {
		i := slices.Index(names, e.Key.Text)
		if i < 0 {
			e.Key.Problem(Suggest(e.Key.Text, names)+"known keys: "+strings.Join(names, ", "),
				"unknown key %q in %s", text.Clip(e.Key.Text), v.name)
			complete = false
			continue
		}
		fields[i].Read(e.Value)
	}
	return complete
}

// An Entry is one line of a mapping.
type Entry struct {
	Key   Item
	Value Value // its name is the key
}

// Entries reads a mapping with any keys, each of them once.
func (v Value) Entries() []Entry {
	if !v.is("!!map", "a mapping") {
		return nil
	}
	var list []Entry
	seen := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, ok := v.key(v.node.Content[i])
		if !ok {
			continue
		}
		if line := seen[key.Text]; line > 0 {
			key.Problem("keep one of them", "the key %q is already in line %d", text.Clip(key.Text), line)
			continue
		}
		seen[key.Text] = key.at.Line
		list = append(list, Entry{key, v.of(v.node.Content[i+1], key.Text)})
	}
	return list
}

// key refuses merge keys: what a merged mapping overrides is hard to see, and
// nothing that decides about logins should be.
func (v Value) key(node *yaml.Node) (Item, bool) {
	key := v.of(node, "a key in "+v.name)
	if key.node.ShortTag() == "!!merge" {
		key.Problem("write the keys out", "merge keys (<<) are not supported")
		return Item{}, false
	}
	word, ok := key.Word()
	return Item{key, word}, ok
}

// An Item is a text of the file and its place.
type Item struct {
	Value
	Text string
}

// ItemOf returns a value whose text is known.
func ItemOf(v Value, s string) Item { return Item{v, s} }

// Elements returns the entries of a list of any types, each called name in
// messages. want names the type in the message that it is no list.
func (v Value) Elements(name, want string) []Value {
	if !v.is("!!seq", want) {
		return nil
	}
	values := make([]Value, len(v.node.Content))
	for i, node := range v.node.Content {
		values[i] = v.of(node, name)
	}
	return values
}

// List reads a list of texts, without empty and repeated ones.
func (v Value) List() []Item {
	var items []Item
	seen := map[string]bool{}
	for _, element := range v.Elements("an entry of "+v.name, "a list, such as [a, b]") {
		word, ok := element.Word()
		switch {
		case !ok:
		case seen[word]:
			element.Problem("keep one of them", "%s has %q twice", v.name, text.Clip(word))
		default:
			seen[word] = true
			items = append(items, Item{element, word})
		}
	}
	return items
}

// SomeList is [Value.List] for what must not be empty.
func (v Value) SomeList() []Item {
	if v.Tag() == "!!seq" && v.IsEmpty() {
		v.Problem("write at least one entry, or remove the key", "%s is an empty list", v.name)
	}
	return v.List()
}

// Texts returns the texts of items.
func Texts(items []Item) []string {
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.Text
	}
	return list
}
