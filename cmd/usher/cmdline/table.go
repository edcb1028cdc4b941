package cmdline

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"usher/internal/admin"
	"usher/internal/text"
)

// columns is how wide a terminal is at the least.
const columns = 80

// A Table is written as a table where that fits into 80 columns. Otherwise each row is a few lines: its first cell, and
// below that the others, each behind its column's name. Cells are written between tabs, rows as lines; a line
// without a tab belongs to the row above it.
type Table struct {
	out  io.Writer
	rows bytes.Buffer
}

// NewTable begins a table with the names of its columns.
func NewTable(w io.Writer, head string) *Table {
	t := &Table{out: w}
	fmt.Fprintln(&t.rows, head)
	return t
}

// Write takes rows.
func (t *Table) Write(p []byte) (int, error) { return t.rows.Write(p) }

// Flush writes the table.
func (t *Table) Flush() error {
	if width(t.rows.String()) > columns {
		_, err := io.WriteString(t.out, expand(t.rows.String()))
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	if _, err := w.Write(t.rows.Bytes()); err != nil {
		return err
	}
	return w.Flush()
}

// width is how many columns a table would have.
func width(rows string) int {
	var widest []int
	for line := range strings.Lines(rows) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		for i, cell := range cells {
			if i == len(widest) {
				widest = append(widest, 0)
			}
			if len(cells) > 1 {
				widest[i] = max(widest[i], utf8.RuneCountInString(cell))
			}
		}
	}
	sum := 2 * (len(widest) - 1)
	for _, w := range widest {
		sum += w
	}
	return sum
}

// expand writes each row as a few lines.
func expand(rows string) string {
	var b strings.Builder
	head, rest, _ := strings.Cut(rows, "\n")
	names := strings.Split(strings.ToLower(head), "\t")
	for line := range strings.Lines(rest) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		var items []string
		for i, cell := range cells[1:] {
			if cell != "" && cell != "-" {
				items = append(items, names[i+1]+" "+strings.TrimSpace(cell))
			}
		}
		b.WriteString(cells[0] + "\n")
		b.WriteString(wrap(items))
	}
	return b.String()
}

// wrap writes as many items on a line as it has room for.
func wrap(items []string) string {
	var b strings.Builder
	at := 0
	for i, item := range items {
		n := utf8.RuneCountInString(item)
		switch {
		case i == 0:
			b.WriteString("  ")
			at = 2
		case at+len("; ;")+n > columns:
			b.WriteString(";\n  ")
			at = 2
		default:
			b.WriteString("; ")
			at += 2
		}
		b.WriteString(item)
		at += n
	}
	if len(items) > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// Until says in a table how long something lasts: to the second within an hour, else to the minute, so that 8 hours are
// still 8 hours a moment later.
func Until(t, now time.Time) string {
	left := t.Sub(now).Round(time.Second)
	switch {
	case t.IsZero() || left > 366*24*time.Hour:
		return "when unused"
	case left > time.Hour:
		left = left.Round(time.Minute)
	}
	return "in " + text.Duration(left)
}

// PrintReach says which other ushers have a change.
func PrintReach(w io.Writer, s *admin.Reach) {
	if s == nil {
		return
	}
	w = Prose(w)
	fmt.Fprintln(w, "the cluster: "+text.Printable(s.Text))
	if s.Problem != "" {
		fmt.Fprintln(w, "  "+text.Printable(s.Problem))
	}
}
