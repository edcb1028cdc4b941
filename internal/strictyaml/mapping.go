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
