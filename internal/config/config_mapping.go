package config

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"usher/internal/text"
)

// A field is a key that a mapping may have, and what reads its value.
type field struct {
	name string
	read func(value)
}

// object reads a mapping with known keys. Every other key is a problem: a
// misspelt one must not pass for its default. It reports whether all of them
// are known, so that what is missing is really missing.
func (v value) object(fields ...field) (complete bool) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	entries := v.entries()
	complete = v.node.Kind == yaml.MappingNode && 2*len(entries) == len(v.node.Content)
	for _, e := range entries {
		i := slices.Index(names, e.key.text)
		if i < 0 {
			e.key.problem(suggest(e.key.text, names)+"known keys: "+strings.Join(names, ", "), "unknown key %q in %s", text.Clip(e.key.text), v.name)
			complete = false
			continue
		}
		e.value.name = e.key.text
		fields[i].read(e.value)
	}
	return complete
}

// An entry is one line of a mapping.
type entry struct {
	key   item
	value value
}

// entries reads a mapping with any keys, each of them once.
func (v value) entries() []entry {
	if !v.is("!!map", "a mapping") {
		return nil
	}
	var list []entry
	seen := map[string]int{}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, ok := v.key(v.node.Content[i])
		if !ok {
			continue
		}
		if line := seen[key.text]; line > 0 {
			key.problem("keep one of them", "the key %q is already in line %d", text.Clip(key.text), line)
			continue
		}
		seen[key.text] = key.at.Line
		list = append(list, entry{key, v.of(v.node.Content[i+1], key.text)})
	}
	return list
}

// key refuses merge keys: what a merged mapping overrides is hard to see, and
// nothing that decides about logins should be.
func (v value) key(node *yaml.Node) (item, bool) {
	key := v.of(node, "a key in "+v.name)
	if key.node.ShortTag() == "!!merge" {
		key.problem("write the keys out", "merge keys (<<) are not supported")
		return item{}, false
	}
	text, ok := key.word()
	return item{key, text}, ok
}

// list reads a list of texts, without empty and repeated ones.
func (v value) list() []item {
	if !v.is("!!seq", "a list, such as [a, b]") {
		return nil
	}
	var items []item
	seen := map[string]bool{}
	for _, node := range v.node.Content {
		element := v.of(node, "an entry of "+v.name)
		word, ok := element.word()
		switch {
		case !ok:
		case seen[word]:
			element.problem("keep one of them", "%s has %q twice", v.name, text.Clip(word))
		default:
			seen[word] = true
			items = append(items, item{element, word})
		}
	}
	return items
}

// someList is list for what must not be empty.
func (v value) someList() []item {
	if v.node.ShortTag() == "!!seq" && len(v.node.Content) == 0 {
		v.problem("write at least one entry, or remove the key", "%s is an empty list", v.name)
	}
	return v.list()
}

func texts(items []item) []string {
	list := make([]string, len(items))
	for i, it := range items {
		list[i] = it.text
	}
	return list
}

// suggest returns a hint at the word that was probably meant, or nothing.
func suggest(s string, words []string) string {
	const most = 2
	best, hint := most+1, ""
	for _, w := range words {
		if d := distance(strings.ToLower(text.Clip(s)), strings.ToLower(w)); d < best && d < len(w) {
			best, hint = d, `did you mean "`+w+`"? `
		}
	}
	return hint
}

// distance is the number of letters to insert, delete or replace on the way
// from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
