package strictyaml

import (
	"slices"
	"strings"
	"testing"
)

func treeOf(t *testing.T, content string) *Tree {
	t.Helper()
	root, ok := Parse(NewReport("f"), []byte(content), Form{"the file", "write something"})
	if !ok {
		t.Fatal(content)
	}
	return TreeOf(root)
}

func TestChanges(t *testing.T) {
	long := strings.Repeat("x", 121)
	for _, row := range []struct {
		old, next string
		want      []string
	}{
		{"a: 1", "# more\na:   1", nil},
		{"a: 1", "a: '1'", []string{"a is 1, was 1"}}, // of another type
		{"a: 1", "a: 2", []string{"a is 2, was 1"}},
		{"a: {b.c: x}", "a: {b.c: y}", []string{`a."b.c" is y, was x`}},
		{"a: x", "b: x", []string{"b added: x", "a removed: x"}},
		{"a: {}", "a: []", []string{"a changed"}},
		{"a: {}", "a: x", []string{"a changed"}},
		{"a: {b: 1}", "{}", []string{"a removed"}},
		{"a: [x, y]", "a: [y, x]", []string{"a: the order changed"}},
		{"a: [x, y]", "a: [y, z note]", []string{"a: added z …; removed x"}},
		{"a: []", "a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", []string{"a: added 1, 2, 3, 4, 5, 6, 7, 8, and 2 more"}},
		{"a: https://h/x?p=1", "a: https://h/x?p=2", []string{"a changed"}},
		{"a: https://h", "a: https://u:p@g", []string{"a changed"}},
		{"a: https://h", "a: http://g:1", []string{"a is http://g:1, was https://h"}},
		{"a: [https://u:p@g]", "a: []", []string{"a: removed an entry"}},
		{"a: x", "a: " + long, []string{"a changed"}},
		{"a: x", "a: \"y\\u202e\"", []string{"a is y?, was x"}},
		{"a: &x 1\nb: *x", "a: &x 2\nb: *x", []string{"a is 2, was 1", "b is 2, was 1"}},
	} {
		if got := Changes(treeOf(t, row.old), treeOf(t, row.next)); !slices.Equal(got, append([]string{}, row.want...)) || got == nil {
			t.Errorf("%q to %q: %q, want %q", row.old, row.next, got, row.want)
		}
	}
}

func TestPlace(t *testing.T) {
	tree := treeOf(t, "a:\n  b: {c: 1}\n  l: [x, 2]\n")
	for path, want := range map[string][2]int{"": {1, 1}, "a": {2, 3}, "a.b.c": {2, 10}, "a.b.d": {2, 6}, "x.y": {1, 1}, "a.l": {3, 6}} {
		line, column := tree.Place(strings.Split(path, ".")...)
		if line != want[0] || column != want[1] {
			t.Errorf("%s: %d:%d, want %v", path, line, column, want)
		}
	}
	if !tree.Has("a") || tree.Has("b") || tree.Items("a") != nil || tree.Items("b") != nil || !slices.Equal(treeOf(t, "l: [x, 2]").Items("l"), []string{"x", "2"}) {
		t.Error("keys and items")
	}
}

// TestDepth: aliases that would make a tree without end, or of a size without measure, do not.
func TestDepth(t *testing.T) {
	root, ok := Parse(NewReport("f"), []byte("a: &a {b: *a}"), Form{"the file", "write something"})
	if !ok {
		t.Fatal("refused")
	}
	depth := 0
	for tree := TreeOf(root).of["a"]; tree != nil; depth++ {
		tree = tree.of["b"]
	}
	if depth > maxTreeDepth+1 {
		t.Errorf("%d levels", depth)
	}
}
