package cmdline

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"usher/internal/admin"
	"usher/internal/text"
)

// NewTable begins a table; head and each row are cells between tabs.
func NewTable(w io.Writer, head string) *tabwriter.Writer {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, head)
	return table
}

// Until says in a table how long something lasts.
func Until(t, now time.Time) string {
	if t.IsZero() || t.Sub(now) > 366*24*time.Hour {
		return "when unused"
	}
	return "in " + text.Duration(t.Sub(now).Round(time.Second))
}

// PrintReach says which other ushers have a change.
func PrintReach(w io.Writer, s *admin.Reach) {
	if s == nil {
		return
	}
	fmt.Fprintln(w, "the cluster: "+text.Printable(s.Text))
	if s.Problem != "" {
		fmt.Fprintln(w, "  "+text.Printable(s.Problem))
	}
}
