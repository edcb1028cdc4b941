package strictyaml

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

// read parses a document and reads its keys: a text, a word, a switch, a number
// of 1 to 9, a duration of at most 5m, one of red and green, a list, a list that
// must not be empty, a mapping with a number, and a mapping with any keys.
func read(content string) (seen map[string]any, complete bool, problems Problems) {
	r := NewReport("f")
	root, ok := Parse(r, []byte(content), Form{"the file", "write something"})
	if !ok {
		return nil, false, r.Problems()
	}
	seen = map[string]any{}
	note := func(key string, value any, ok bool) {
		if ok {
			seen[key] = value
		}
	}
	complete = root.Object(
		Field{"text", func(v Value) { s, ok := v.AnyText(); note("text", s, ok) }},
		Field{"word", func(v Value) { s, ok := v.Word(); note("word", s, ok) }},
		Field{"switch", func(v Value) { var b bool; v.Bool(&b); note("switch", b, true) }},
		Field{"number", func(v Value) { n := 5; v.Int(&n, 1, 9); note("number", n, true) }},
		Field{"time", func(v Value) { d := time.Hour; v.Duration(&d, 5*time.Minute); note("time", d, true) }},
		Field{"colour", func(v Value) { s, ok := v.OneOf("red", "green"); note("colour", s, ok) }},
		Field{"list", func(v Value) { note("list", Texts(v.List()), true) }},
		Field{"some", func(v Value) { note("some", Texts(v.SomeList()), true) }},
		Field{"inner", func(v Value) {
			v.Object(Field{"deep", func(v Value) { n := 0; v.Int(&n, 0, 9); note("deep", n, true) }})
		}},
		Field{"any", func(v Value) {
			for _, e := range v.Entries() {
				note("any "+e.Key.Text, e.Value.Named("the value").Raw(), true)
			}
		}},
	)
	return seen, complete, r.Problems()
}

func TestGood(t *testing.T) {
	seen, complete, problems := read("text: ''\nword: \"a b\"\nswitch: True\nnumber: 9\ntime: 90s\ncolour: red\nlist: [b, a]\n" +
		"some: &l [x]\ninner: {deep: 3}\nany: {k: v, l: *l, m: 1.5}\n")
	want := map[string]any{"text": "", "word": "a b", "switch": true, "number": 9, "time": 90 * time.Second, "colour": "red", "list": []string{"b", "a"},
		"some": []string{"x"}, "deep": 3, "any k": "v", "any l": "", "any m": "1.5"}
	if !complete || len(problems) > 0 || fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("%v, %v, %v", complete, problems, seen)
	}
}

// TestProblems: what is not exactly as it should be has its place and its advice.
func TestProblems(t *testing.T) {
	for content, want := range map[string]string{
		"":                                   "1:1: error: the file is empty — write something",
		"# only a comment":                   "1:1: error: the file is empty — write something",
		"~":                                  "1:1: error: the file is empty — write something",
		"[]":                                 "1:1: error: the file is a list, not a mapping — write a mapping",
		"word: x\n---\nword: y":              `2:1: error: the file holds more than one document — keep one, and remove the line "---"`,
		"word: \xff":                         "1:7: error: the file is not UTF-8 here — save the file as UTF-8",
		"\n  é: é\xff":                       "2:7: error: the file is not UTF-8 here — save the file as UTF-8",
		"word: *x":                           "1:7: error: not YAML: unknown anchor 'x' referenced — correct the syntax here or just above: indentation, quotes, brackets",
		"word: [":                            "2:1: error: not YAML: while parsing a flow node: did not find expected node content — correct the syntax here or just above: indentation, quotes, brackets",
		"wrod: x":                            `1:1: error: unknown key "wrod" in the file — did you mean "word"? known keys: text, word, switch, number, time, colour, list, some, inner, any`,
		"inner: {dep: 1}":                    `1:9: error: unknown key "dep" in inner — did you mean "deep"? known keys: deep`,
		"word: a\nword: b":                   `2:1: error: the key "word" is already in line 1 — keep one of them`,
		"any: &a {k: v}\ninner: {<<: *a}":    "2:9: error: merge keys (<<) are not supported — write the keys out",
		"1: x":                               `1:1: error: a key in the file is a number, not a text — put it in quotes: "1"`,
		"[a]: x":                             "1:1: error: a key in the file is a list, not a text — write a text",
		"word: ''":                           "1:7: error: word is empty — write a value, or remove it",
		"word: \"a\\tb\"":                    "1:7: error: word has a control character — write it without line breaks, tabs and the like",
		"word:":                              "1:6: error: word has no value — write a text, or remove the key",
		"word: 2026-01-01":                   `1:7: error: word is a date, not a text — put it in quotes: "2026-01-01"`,
		"word: !mine x":                      `1:7: error: word is a value with the tag "!mine", not a text — put it in quotes: "x"`,
		"word: {}":                           "1:7: error: word is a mapping, not a text — write a text",
		"switch: yes":                        "1:9: error: switch is a text, not true or false — write true or false",
		"switch: 1":                          "1:9: error: switch is a number, not true or false — write true or false",
		"number: 0":                          "1:9: error: number: 0 is out of range — write 1 to 9",
		"number: 0x5":                        "1:9: error: number: 0x5 is out of range — write 1 to 9",
		"number: 5.0":                        "1:9: error: number is a number, not a number — write a number",
		"number: '5'":                        "1:9: error: number is a text, not a number — write a number",
		"number: 99999999999999999999":       "1:9: error: number is a number, not a number — write a number",
		"time: 6m":                           "1:7: error: time is 6m, too long — write at most 5m",
		"time: -1s":                          "1:7: error: time is negative — write 0s or more",
		"time: 5":                            `1:7: error: time: "5" is no duration — write a number with a unit, such as 10s, 5m or 24h`,
		"time: []":                           "1:7: error: time is a list, not a duration — write a duration, such as 10s",
		"colour: gren":                       `1:9: error: colour: unknown value "gren" — did you mean "green"? use one of: red, green`,
		"colour: blue":                       `1:9: error: colour: unknown value "blue" — use one of: red, green`,
		"list: x":                            "1:7: error: list is a text, not a list — write a list, such as [a, b]",
		"list: [a, b, a, 1, '']":             "1:14: error: list has \"a\" twice — keep one of them\n1:17: error: an entry of list is a number, not a text — put it in quotes: \"1\"\n1:20: error: an entry of list is empty — write a value, or remove it",
		"some: []":                           "1:7: error: some is an empty list — write at least one entry, or remove the key",
		"any: &l [a, a]\nlist: *l\nsome: *l": "1:6: error: any is a list, not a mapping — write a mapping\n1:13: error: list has \"a\" twice — keep one of them\n1:13: error: some has \"a\" twice — keep one of them",
		"word: a\u202eb\nwo\u202erd: x":      `2:1: error: unknown key "wo\u202erd" in the file — known keys: text, word, switch, number, time, colour, list, some, inner, any`,
	} {
		_, _, problems := read(content)
		var lines []string
		for _, p := range problems {
			lines = append(lines, strings.TrimPrefix(p.String(), "f:"))
		}
		if got := strings.Join(lines, "\n"); got != want {
			t.Errorf("%q:\n got %s\nwant %s", content, got, want)
		}
	}
}

// TestComplete: what is missing is only called missing where nothing was misspelt.
func TestComplete(t *testing.T) {
	for content, want := range map[string]bool{
		"word: a": true, "{}": true, "word: ''": true, "inner: {dep: 1}": true, // a problem elsewhere
		"wrod: a": false, "word: a\nword: b": false, "<<: {word: a}": false, "1: a": false, "[]": false,
	} {
		if _, complete, _ := read(content); complete != want {
			t.Errorf("%q: %v, want %v", content, complete, want)
		}
	}
}

func TestReport(t *testing.T) {
	r := NewReport("f")
	r.Warn(2, 3, "do\nthat", "it is %q", "odd\u202e")
	r.Problem(1, 0, "mend", "first")
	r.MarkPassing(true)
	r.Problem(1, 1, "mend", "first again")
	r.Problem(1, 1, "mend", "first again") // as through an alias
	got := r.Problems()
	want := Problems{
		{File: "f", Line: 1, Column: 1, Passing: true, Text: "first", Mend: "mend"},
		{File: "f", Line: 1, Column: 1, Text: "first again", Mend: "mend"},
		{File: "f", Line: 2, Column: 3, Warning: true, Text: `it is "odd\u202e"`, Mend: "do?that"},
	}
	if !slices.Equal(got, want) || r.Errors() != 3 || got.Errors() != 2 {
		t.Errorf("%+v, %d, %d", got, r.Errors(), got.Errors())
	}
	errors, warnings := got.Split()
	if len(errors) != 2 || len(warnings) != 1 || warnings[0] != `f:2:3: warning: it is "odd\u202e" — do?that` {
		t.Errorf("%q, %q", errors, warnings)
	}
	if errors, warnings := Problems(nil).Split(); errors == nil || warnings == nil {
		t.Error("nil lists")
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"issuers", "tokens", "muc", "lobby"}
	for s, want := range map[string]string{"issuer": "issuers", "Tokens": "tokens", "tkoens": "tokens", "mux": "muc", "x": "", "": "", "loby": "lobby", "completely": ""} {
		got := Suggest(s, words)
		if want != "" {
			want = `did you mean "` + want + `"? `
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// FuzzParse: whatever the content, what is wrong with it has a place in it, and what is good is the same document again
// when it is written anew.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a: 1", "a: &a [*a]", "<<: {}", "a: !!map x", "? [x]\n: 1", "---\n---\n", "a: \x00", "\xff\xfe", "list: !!int [x]", "any: &h {x: *h}",
		"word: x\nlist: [a, 'b c', \"d\"]\ninner: {deep: 1}\ntime: 5m\n", "any: {a: {b: {c: [d]}}}", "a: |\n  b\n  c\n", "a: \"\\u202e\"", "text: 'é' # c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, content string) {
		seen, _, problems := read(content)
		if seen == nil && problems.Errors() == 0 {
			t.Fatal("refused without a reason")
		}
		lines := strings.Count(content, "\n") + strings.Count(content, "\r") + strings.Count(content, "\u0085") + strings.Count(content, "\u2028") + strings.Count(content, "\u2029") + 2
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Text == "" || p.Mend == "" || strings.ContainsAny(p.String(), "\n\x1b") {
				t.Fatalf("a problem without place, text or advice: %#v", p)
			}
		}
		root, ok := Parse(NewReport("f"), []byte(content), Form{"the file", "write something"})
		if !ok || problems.Errors() > 0 || hasNull(root.node, 10) { // the library writes {x} as {x: ''}
			return
		}
		tree := TreeOf(root)
		if changes := Changes(tree, tree); len(changes) > 0 {
			t.Fatalf("it differs from itself: %q", changes)
		}
		again, err := yaml.Dump(root.node)
		if err != nil {
			t.Fatal(err)
		}
		next, ok := Parse(NewReport("f"), again, Form{"the file", "write something"})
		if !ok {
			t.Fatalf("written anew it is refused: %q", again)
		}
		if changes := Changes(tree, TreeOf(next)); len(changes) > 0 {
			t.Fatalf("written anew as %q: %q", again, changes)
		}
	})
}

func hasNull(node *yaml.Node, depth int) bool {
	node = resolved(node)
	return node.ShortTag() == "!!null" || depth > 0 && slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return hasNull(n, depth-1) })
}
