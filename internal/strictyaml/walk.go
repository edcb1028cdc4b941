package strictyaml

import (
	"iter"
	"strconv"
)

// Scalars yields every value that is no mapping and no list, with its path, in the order of the file.
func (t *Tree) Scalars() iter.Seq2[string, string] {
	return func(yield func(path, text string) bool) { t.walk("", yield) }
}

func (t *Tree) walk(path string, yield func(path, text string) bool) (more bool) {
	switch {
	case t == nil:
		return true
	case t.of != nil:
		for _, key := range t.keys {
			if !t.of[key].walk(joinPath(path, key), yield) {
				return false
			}
		}
		return true
	case t.items != nil:
		for i, item := range t.items {
			if !yield(joinPath(path, strconv.Itoa(i)), item) {
				return false
			}
		}
		return true
	}
	return yield(path, t.text)
}
