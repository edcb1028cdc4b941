package strictyaml

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxTreeDepth bounds a tree: no good configuration is half as deep.
const maxTreeDepth = 32

// A Tree is a document as its file has it, so that two of them can be compared
// without a list of keys: one that the reader learns is in it from the first day.
type Tree struct {
	line, column int
	tag          string           // of a text, a number and so on: !!str, !!int, …
	text         string           // likewise
	items        []string         // of a list
	keys         []string         // of a mapping, in the order of the file
	of           map[string]*Tree // of a mapping
}

// TreeOf returns a value as the file has it. Good or not does not matter; what is
// more than 32 levels deep is left out.
func TreeOf(v Value) *Tree { return growTree(v.node, maxTreeDepth) }

func growTree(node *yaml.Node, depth int) *Tree {
	at := node
	node = resolved(node)
	t := &Tree{line: at.Line, column: at.Column, tag: node.ShortTag(), text: node.Value}
	switch {
	case depth == 0:
	case node.Kind == yaml.MappingNode:
		t.of = map[string]*Tree{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := resolved(node.Content[i]).Value
			t.keys = append(t.keys, name)
			t.of[name] = growTree(node.Content[i+1], depth-1)
		}
	case node.Kind == yaml.SequenceNode:
		t.items = []string{}
		for _, item := range node.Content {
			t.items = append(t.items, textOf(resolved(item), depth-1))
		}
	}
	return t
}

// textOf is an entry of a list in one word, as far as it has no spaces itself: a mapping as key=value,key=value.
func textOf(node *yaml.Node, depth int) string {
	if node.Kind == yaml.ScalarNode || depth == 0 {
		return node.Value
	}
	var parts []string
	for i, n := range node.Content {
		part := textOf(resolved(n), depth-1)
		if node.Kind == yaml.MappingNode && i%2 == 1 {
			parts[len(parts)-1] += "=" + part
			continue
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// Place returns where a key stands, or else the nearest mapping around it.
func (t *Tree) Place(path ...string) (line, column int) {
	for _, name := range path {
		next := t.of[name]
		if next == nil {
			break
		}
		t = next
	}
	return t.line, t.column
}

// Has reports whether a mapping has a key.
func (t *Tree) Has(key string) bool { return t.of[key] != nil }

// Items returns the texts of the list under a key of a mapping, as the file has
// them; nil if there is none.
func (t *Tree) Items(key string) []string {
	if !t.Has(key) {
		return nil
	}
	return t.of[key].items
}
