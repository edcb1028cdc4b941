package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFilesAreShort(t *testing.T) {
	h, err := read("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(h.lengths) < 100 {
		t.Fatalf("only %d files were read", len(h.lengths))
	}
	for _, f := range h.lengths {
		if f.n > maxFileLines {
			t.Errorf("%s has %d lines; %d are the most", f.name, f.n, maxFileLines)
		}
	}
}

func TestMeasures(t *testing.T) {
	c := newCheckout(t)
	c.write("a/one.go", "package a\n\nconst c, D = 1, 2\n\ntype t[T any] struct{}\n\nfunc (x *t[T]) m() {\n}\n\nfunc (t[T]) M() {}\n")
	c.write("a/two.go", "package a\n\nvar _, v = 1, 2\n\nfunc (t[T]) n() {} // "+strings.Repeat("x", 120)+"\n")
	c.write("a/one_test.go", "package a\n\nfunc inTest() {}\n")
	c.write("a/testdata/no.go", "no Go")
	c.write(".git/no.go", "no Go")
	h, err := read(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	h.print(&out, rules{table: []arrow{{"a", nil}}}, 5)
	want := `measure (tests left out, unless it says otherwise)                     now   aim
Go files in the fullest folder, tests included                           3   30
unexported names of the largest package, methods included                5   180
methods of the largest type                                              3   25
files that the methods of one type stand in, at the most                 2   3
lines of the longest file, tests included                               10   400
lines of a function: half have at most                                   1   10
lines of a function: nine of ten have at most                            2   23
lines of a function: the longest has                                     2   60
lines of a file: half have at most                                      10   150
lines of a file: nine of ten have at most                               10   -
lines of a file: the longest has                                        10   400
lines over 120 columns                                              6.67 %   0.20 %
imports between our packages                                             0   -
imports of those that are to go                                          0   0
imports of those that the table does not have                            0   0
Go files a folder, tests included
      3  a
unexported names of a package, methods included, tests left out
      5  a
methods of a type, and the files they stand in
      3  a.t, in 2 files
lines of a file, tests included
     10  a/one.go
      5  a/two.go
      3  a/one_test.go
lines of a function, tests left out
      2  a/one.go: m
      1  a/one.go: M
      1  a/two.go: n
lines over 120 columns, tests left out
      1  a/two.go
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// A checkout is a folder of module m for tests.
type checkout struct {
	t   *testing.T
	dir string
}

func newCheckout(t *testing.T) *checkout {
	c := &checkout{t: t, dir: t.TempDir()}
	c.write("go.mod", "module m\n\ngo 1.26\n")
	return c
}

func (c *checkout) write(name, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
