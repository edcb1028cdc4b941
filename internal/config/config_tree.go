package config

import (
	"go.yaml.in/yaml/v4"
)

// maxTreeDepth bounds a tree: no good configuration is half as deep.
const maxTreeDepth = 32

// A tree is a good configuration as its file has it, so that two of them can be
// compared without a list of keys that somebody would have to keep: a key that
// the reader learns is in it from the first day.
type tree struct {
	line, column int
	tag          string           // of a text, a number and so on: !!str, !!int, …
	text         string           // likewise
	items        []string         // of a list
	keys         []string         // of a mapping, in the order of the file
	of           map[string]*tree // of a mapping
}

func newTree(node *yaml.Node) *tree { return growTree(node, maxTreeDepth) }

func growTree(node *yaml.Node, depth int) *tree {
	at := node
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	t := &tree{line: at.Line, column: at.Column, tag: node.ShortTag(), text: node.Value}
	switch {
	case depth == 0:
	case node.Kind == yaml.MappingNode:
		t.of = map[string]*tree{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			name := resolved(node.Content[i]).Value
			t.keys = append(t.keys, name)
			t.of[name] = growTree(node.Content[i+1], depth-1)
		}
	case node.Kind == yaml.SequenceNode:
		t.items = []string{}
		for _, item := range node.Content {
			t.items = append(t.items, resolved(item).Value)
		}
	}
	return t
}

func resolved(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		return node.Alias
	}
	return node
}

// place returns where a key stands, or else the nearest mapping around it.
func (t *tree) place(path ...string) (line, column int) {
	for _, name := range path {
		next := t.of[name]
		if next == nil {
			break
		}
		t = next
	}
	return t.line, t.column
}
