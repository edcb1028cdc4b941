// Command shape answers one question: how is the house built? It reads the Go
// files of a checkout and prints the measures by which the structure is judged,
// beside what is aimed at: files a folder, unexported names a package, methods
// a type, the lengths of functions, files and lines, and how many imports point
// against the table of arrows, which it holds. It changes nothing;
// scripts/shape.sh runs it.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
)

func main() {
	root := flag.String("C", ".", "the checkout to read")
	most := flag.Int("most", 5, "rows of each list")
	flag.Parse()
	if err := run(os.Stdout, *root, *most); err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, root string, most int) error {
	h, err := read(root)
	if err != nil {
		return err
	}
	h.print(out, ourRules(), most)
	return nil
}

// A row is a name and what was counted of it.
type row struct {
	name string
	n    int
	more string
}

// fullest returns the rows with the highest counts, the highest first.
func fullest(rows []row, most int) []row {
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name))
	})
	return rows[:min(most, len(rows))]
}

func (h *house) print(out io.Writer, r rules, most int) {
	for _, m := range h.measures(r) {
		fmt.Fprintf(out, "%-66s %7s   %s\n", m.what, m.now, m.aim)
	}
	list := func(title string, rows []row) {
		fmt.Fprintf(out, "%s\n", title)
		for _, r := range fullest(rows, most) {
			fmt.Fprintf(out, "  %5d  %s%s\n", r.n, r.name, r.more)
		}
	}
	list("Go files a folder, tests included", h.filesOfFolders())
	list("unexported names of a package, methods included, tests left out", h.unexported())
	list("methods of a type, and the files they stand in", h.methods())
	list("lines of a file, tests included", h.lengths)
	list("lines of a function, tests left out", h.functions)
	list("lines over 120 columns, tests left out", h.wide)
	for _, what := range slices.Concat(r.violations(h), h.attributes) {
		fmt.Fprintf(out, "against the house: %s\n", what)
	}
}
