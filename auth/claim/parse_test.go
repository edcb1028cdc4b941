package claim

import (
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	for _, s := range []string{"", "a..b", "a=", "=x", ".a", "a.", `"a`, `'a`, `"a"b`, `a"b"`, `"a\q"`, `""`, `a.''=b`, `a b"`} {
		if got, err := ParseTest(s); err == nil {
			t.Errorf("%q is read as %q", s, got)
		}
	}
	for s, want := range map[string]Test{
		"a.b=c=d":                       {Path: Path{"a", "b"}, Value: "c=d"},
		"a":                             {Path: Path{"a"}},
		`"https://a.example/r"=x`:       {Path: Path{"https://a.example/r"}, Value: "x"},
		`'https://a.example/r'=x`:       {Path: Path{"https://a.example/r"}, Value: "x"},
		`a."b.c".d=x`:                   {Path: Path{"a", "b.c", "d"}, Value: "x"},
		`"a\"b"."\u00e4=".c`:            {Path: Path{`a"b`, "ä=", "c"}},
		`'a\'`:                          {Path: Path{`a\`}},
		"urn:zitadel:iam:roles=\"x\"":   {Path: Path{"urn:zitadel:iam:roles"}, Value: `"x"`},
		"https://a/b/roles=moderator":   {Path: Path{"https://a/b/roles"}, Value: "moderator"},
		`scope=https://a.example/s.mod`: {Path: Path{"scope"}, Value: "https://a.example/s.mod"},
	} {
		got, err := ParseTest(s)
		if err != nil || got.Value != want.Value || !slices.Equal(got.Path, want.Path) {
			t.Errorf("%s is read as %q, %q, %v", s, got.Path, got.Value, err)
		}
		if again, err := ParseTest(got.String()); err != nil || again.Value != want.Value || !slices.Equal(again.Path, want.Path) {
			t.Errorf("%s is written as %s, which is read as %q, %v", s, got, again.Path, err)
		}
	}
	if path, err := ParsePath("a=b"); err == nil {
		t.Errorf("a claim path with an equals sign is read as %q", path)
	}
}

// FuzzPath: what a path is written as is read as the same path, and nothing else is
// a path's end than the end or an equals sign.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a.b=c", `a."b.c".d`, `'a\'`, `"\u00e4=".x`, ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path, value, found, err := Cut(s)
		if err != nil {
			if path != nil || value != "" || found {
				t.Errorf("%q: %q, %q, %v with %v", s, path, value, found, err)
			}
			return
		}
		if again, err := ParsePath(path.String()); err != nil || !slices.Equal(again, path) {
			t.Errorf("%q is written as %s, which is read as %q, %v", s, path, again, err)
		}
	})
}
