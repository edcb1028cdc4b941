package cmdline

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestTable: what fits is a table, and what does not is a few lines for each row, with all that the table would have.
func TestTable(t *testing.T) {
	var out strings.Builder
	table := NewTable(&out, "JID\tROOMS\tNOTE")
	fmt.Fprintf(table, "%s\t%s\t%s\n", "alice@meet.example.com", "board-*", "")
	fmt.Fprintf(table, "%s\t%s\t%s\n", "bob@meet.example.com", "*", "audit")
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	want := "JID                     ROOMS    NOTE\n" +
		"alice@meet.example.com  board-*  \n" +
		"bob@meet.example.com    *        audit\n"
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
	out.Reset()
	table = NewTable(&out, "JID\tROOMS\tUNTIL\tNOTE")
	long := strings.Repeat("x", 30)
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", "alice@meet.example.com", long, "-", long)
	fmt.Fprintf(table, "  heard from nobody\n")
	fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", "bob@meet.example.com", "*", "in 8h", "")
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	want = "alice@meet.example.com\n  rooms " + long + "; note " + long + "\n  heard from nobody\n" +
		"bob@meet.example.com\n  rooms *; until in 8h\n"
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

// TestTableFits: no line is wider than a terminal, unless one value alone is.
func TestTableFits(t *testing.T) {
	for n := range 40 {
		var out strings.Builder
		table := NewTable(&out, "A\tB\tC\tD\tE\tF")
		cell := strings.Repeat("é", n)
		for range 3 {
			fmt.Fprintln(table, strings.Join([]string{cell, cell, cell, cell, cell, cell}, "\t"))
		}
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if w := utf8.RuneCountInString(strings.TrimRight(line, "\n")); w > columns {
				t.Errorf("%d: %d columns: %s", n, w, line)
			}
		}
		if got := strings.Count(out.String(), cell); n > 0 && got < 18 {
			t.Errorf("%d: only %d cells are there", n, got)
		}
	}
}
