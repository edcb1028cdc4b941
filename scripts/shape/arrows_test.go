package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestImportArrows holds our packages to the table.
func TestImportArrows(t *testing.T) {
	h, err := read("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(h.imports) < 20 || h.arrows() < 50 {
		t.Fatalf("only %d packages and %d imports were read", len(h.imports), h.arrows())
	}
	for _, what := range ourRules().violations(h) {
		t.Error(what)
	}
	seen := map[string]bool{}
	for _, part := range [][]arrow{tokens(), programs(), settings(), internals(), rooms()} {
		if !slices.IsSortedFunc(part, func(a, b arrow) int { return strings.Compare(a.from, b.from) }) {
			t.Errorf("the rows from %s on are not sorted", part[0].from)
		}
		for _, a := range part {
			if seen[a.from] {
				t.Errorf("%s has two rows", a.from)
			}
			seen[a.from] = true
		}
	}
}

// TestRules: each way to break the rules is told of, and no other.
func TestRules(t *testing.T) {
	ruled := func(change func(*rules)) rules {
		r := rules{
			everyone:   []string{"help"},
			table:      []arrow{{"a", []string{"b"}}, {"b", nil}, {"cmd/p", []string{"*"}}, {"e2e/...", []string{"*", "e2e/..."}}, {"help", nil}},
			foreigners: []foreign{{"x.org/y", []string{"b"}, false, "why"}, {"x.org/tested", nil, true, "not even a test"}},
		}
		if change != nil {
			change(&r)
		}
		return r
	}
	type files map[string]string // by folder, what it imports; "test " before it for a test's
	fits := files{"a": "m/b m/help", "b": "x.org/y/v2 m/help", "help": "", "cmd/p": "m/a", "e2e": "m/a m/e2e/in", "e2e/in": ""}
	for name, row := range map[string]struct {
		change func(*rules)
		files  files
		want   string
	}{
		"all fits":                  {nil, nil, ""},
		"an arrow too many":         {nil, files{"b": "x.org/y m/a"}, "b imports a: the table has no such arrow"},
		"a test's arrow is free":    {nil, files{"b": "x.org/y test:m/a"}, ""},
		"the tests of the end":      {nil, files{"cmd/p": "m/e2e/in"}, "cmd/p imports e2e/in: the table has no such arrow"},
		"a program":                 {nil, files{"a": "m/cmd/p"}, "a imports cmd/p: the table has no such arrow"},
		"* is no program":           {nil, files{"cmd/p": "m/cmd/p"}, "cmd/p imports cmd/p: the table has no such arrow"},
		"of everyone, no one":       {func(r *rules) { r.everyone = append(r.everyone, "b") }, files{"help": "m/b"}, "b imports help: the table has no such arrow; help imports b: the table has no such arrow"},
		"a package without a row":   {nil, files{"new": ""}, "new: no row of the table is for it"},
		"a row is for no prefix":    {nil, files{"a/below": ""}, "a/below: no row of the table is for it"},
		"a row without a package":   {func(r *rules) { r.table = append(r.table, arrow{from: "z"}) }, nil, "z: its row has no package"},
		"it is coming":              {func(r *rules) { r.table = append(r.table, arrow{from: "z"}); r.coming = []string{"z"} }, nil, ""},
		"it has come":               {func(r *rules) { r.coming = []string{"a"} }, nil, "a has come: take it out of the list"},
		"a name without a row":      {func(r *rules) { r.coming = []string{"z"} }, nil, "z: a list names it, and no row is for it"},
		"an arrow to no row":        {func(r *rules) { r.table[0].to = append(r.table[0].to, "z") }, nil, "z: a list names it, and no row is for it"},
		"it leaves":                 {func(r *rules) { r.leaving = []arrow{{"b", []string{"a"}}} }, files{"b": "x.org/y m/a"}, ""},
		"all of it leaves":          {func(r *rules) { r.leaving = []arrow{{"b", []string{"*"}}} }, files{"b": "x.org/y m/a"}, ""},
		"it leaves for nowhere":     {func(r *rules) { r.leaving = []arrow{{"b", nil}} }, nil, "b: an arrow that leaves points nowhere"},
		"it has left":               {func(r *rules) { r.leaving = []arrow{{"b", []string{"a"}}} }, nil, "b imports a no longer: take the arrow out of those that leave"},
		"a foreigner":               {nil, files{"a": "m/b x.org/y/v3/in"}, "a imports x.org/y: why"},
		"a name that begins alike":  {nil, files{"a": "m/b x.org/yes"}, ""},
		"a foreigner in a test":     {nil, files{"a": "m/b test:x.org/y"}, ""},
		"not even a test":           {nil, files{"a": "m/b test:x.org/tested"}, "a imports x.org/tested: not even a test"},
		"whoever may, and does not": {nil, files{"b": ""}, "b imports x.org/y no longer: take its name from those who may"},
	} {
		h := houseOf(t, fits, row.files)
		if got := strings.Join(ruled(row.change).violations(h), "; "); got != row.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLongestRow: of two rows for a package the longer counts.
func TestLongestRow(t *testing.T) {
	h := houseOf(t, map[string]string{"a": "m/a/in", "a/in": "", "a/out": "m/a/in"}, nil)
	r := rules{table: []arrow{{"a/...", []string{"a/in"}}, {"a/out", nil}}}
	if got := strings.Join(r.violations(h), "; "); got != "a/out imports a/in: the table has no such arrow" {
		t.Errorf("%q", got)
	}
	if leaving, forbidden := r.against(h); leaving != 0 || forbidden != 1 {
		t.Errorf("%d leave, %d are forbidden", leaving, forbidden)
	}
	r.leaving = []arrow{{"a/out", []string{"a/in"}}}
	if leaving, forbidden := r.against(h); leaving != 1 || forbidden != 0 {
		t.Errorf("%d leave, %d are forbidden", leaving, forbidden)
	}
}

// TestCrowds: a folder with too many files is told of unless it is let off, and one that is let off without a need.
func TestCrowds(t *testing.T) {
	h := &house{folders: map[string]int{"a": maxFiles + 1, "b": maxFiles, "c": maxFiles + 1}}
	got := rules{crowded: []string{"b", "c", "z"}}.againstCrowds(h)
	want := []string{"a has 31 Go files; 30 are the most", "b has few files now: take it out of the crowded ones",
		"z has few files now: take it out of the crowded ones"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// houseOf reads a checkout of module m with a package in each folder; those of
// changed take the place of those that fit.
func houseOf(t *testing.T, fits, changed map[string]string) *house {
	t.Helper()
	c := newCheckout(t)
	folders := map[string]string{}
	for _, list := range []map[string]string{fits, changed} {
		maps.Copy(folders, list)
	}
	for folder, imported := range folders {
		plain, test := "package p\n", "package p\n"
		for path := range strings.FieldsSeq(imported) {
			if of, ok := strings.CutPrefix(path, "test:"); ok {
				test += "import _ \"" + of + "\"\n"
			} else {
				plain += "import _ \"" + path + "\"\n"
			}
		}
		c.write(folder+"/a.go", plain)
		c.write(folder+"/a_test.go", test)
	}
	h, err := read(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
