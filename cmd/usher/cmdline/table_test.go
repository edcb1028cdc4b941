package cmdline

import (
	"fmt"
	"strings"
	"testing"
	"time"
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

// TestUntil: what is said of a time does not change with each second, unless the end is near.
func TestUntil(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for left, want := range map[time.Duration]string{
		8 * time.Hour:                           "in 8h",
		8*time.Hour - time.Millisecond:          "in 8h",
		8*time.Hour - 29*time.Second:            "in 8h",
		8*time.Hour - 31*time.Second:            "in 7h59m",
		time.Hour:                               "in 1h",
		time.Hour - time.Second:                 "in 59m59s",
		time.Minute + 200*time.Millisecond:      "in 1m",
		59*time.Second + 700*time.Millisecond:   "in 1m",
		-time.Second:                            "in -1s",
		367 * 24 * time.Hour:                    "when unused",
		366*24*time.Hour - 100*time.Millisecond: "in 8784h",
	} {
		if got := Until(now.Add(left), now); got != want {
			t.Errorf("%v: %q, want %q", left, got, want)
		}
	}
	if got := Until(time.Time{}, now); got != "when unused" {
		t.Errorf("no end: %q", got)
	}
}
