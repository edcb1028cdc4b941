package main

import (
	"cmp"
	"fmt"
	"slices"
)

// A measure is one line of the health of the house: what it is now, and what
// is aimed at; the aims are those of the design, and no limits.
type measure struct{ what, now, aim string }

func (h *house) measures(r rules) []measure {
	leaving, forbidden := r.against(h)
	most := func(rows []row) string {
		if rows = fullest(rows, 1); len(rows) == 0 {
			return "0"
		}
		return fmt.Sprint(rows[0].n)
	}
	list := []measure{
		{"measure (tests left out, unless it says otherwise)", "now", "aim"},
		{"Go files in the fullest folder, tests included", most(h.filesOfFolders()), fmt.Sprint(maxFiles)},
		{"unexported names of the largest package, methods included", most(h.unexported()), "180"},
		{"methods of the largest type", most(h.methods()), "25"},
		{"files that the methods of one type stand in, at the most", most(h.filesOfTypes()), "3"},
		{"lines of the longest file, tests included", most(h.lengths), fmt.Sprint(maxFileLines)},
	}
	list = append(list, spread("lines of a function", h.functions, "10", "23", "60")...)
	list = append(list, spread("lines of a file", h.files, "150", "-", fmt.Sprint(maxFileLines))...)
	return append(list,
		measure{"lines over 120 columns", fmt.Sprintf("%.2f %%", 100*float64(sum(h.wide))/float64(max(1, h.lines))),
			"0.20 %"},
		measure{"imports between our packages", fmt.Sprint(h.arrows()), "-"},
		measure{"imports of those that are to go", fmt.Sprint(leaving), "0"},
		measure{"imports of those that the table does not have", fmt.Sprint(forbidden), "0"},
	)
}

// spread tells of the middle, of nine of ten and of the largest of what was counted.
func spread(what string, rows []row, median, nine, largest string) []measure {
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.n, b.n) })
	at := func(i int) string {
		if len(rows) == 0 {
			return "0"
		}
		return fmt.Sprint(rows[min(i, len(rows)-1)].n)
	}
	return []measure{
		{what + ": half have at most", at(len(rows) / 2), median},
		{what + ": nine of ten have at most", at(len(rows) * 9 / 10), nine},
		{what + ": the longest has", at(len(rows)), largest},
	}
}

func sum(rows []row) int {
	n := 0
	for _, r := range rows {
		n += r.n
	}
	return n
}
