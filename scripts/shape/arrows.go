package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// below ends the name of a package that stands for those below it as well.
const below = "/..."

// A house's rules are what its packages may import.
type rules struct {
	everyone       []string
	table, leaving []arrow
	coming         []string
	crowded        []string
	foreigners     []foreign
}

func ourRules() rules {
	return rules{everyone: everyone(), table: table(), leaving: leaving(), coming: coming(), crowded: crowded(),
		foreigners: foreigners()}
}

// violations says in words what the imports of the house have against the rules,
// and what of the rules no longer fits the house.
func (r rules) violations(h *house) []string {
	return slices.Concat(r.againstTable(h), r.stale(h), r.againstForeigners(h), r.againstCrowds(h))
}

// againstTable lists the imports that point where the table has no arrow.
func (r rules) againstTable(h *house) []string {
	var out []string
	for _, from := range slices.Sorted(maps.Keys(h.folders)) {
		row := r.row(from)
		if row == nil {
			out = append(out, from+": no row of the table is for it")
			continue
		}
		for _, to := range h.imports[from].ours() {
			if !r.drawn(row, from, to) && !r.leaves(from, to) {
				out = append(out, fmt.Sprintf("%s imports %s: the table has no such arrow", from, to))
			}
		}
	}
	return out
}

// stale lists the rows without a package, and what has come or left.
func (r rules) stale(h *house) []string {
	var out []string
	exists := map[string]bool{}
	for folder := range h.folders {
		if row := r.row(folder); row != nil {
			exists[row.from] = true
		}
	}
	named := slices.Concat(r.everyone, r.coming)
	for _, row := range slices.Concat(r.table, r.leaving) {
		named = append(named, row.to...)
	}
	for _, row := range r.table {
		if !exists[row.from] && !slices.Contains(r.coming, row.from) {
			out = append(out, row.from+": its row has no package")
		}
	}
	for _, name := range r.coming {
		if exists[name] {
			out = append(out, name+" has come: take it out of the list")
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(named))) {
		if name != "*" && r.row(strings.TrimSuffix(name, below)) == nil {
			out = append(out, name+": a list names it, and no row is for it")
		}
	}
	for _, old := range r.leaving {
		if len(old.to) == 0 {
			out = append(out, old.from+": an arrow that leaves points nowhere")
		}
		for _, to := range old.to {
			if !slices.ContainsFunc(h.imports[old.from].ours(),
				func(p string) bool { return allows([]string{to}, p) }) {
				out = append(out, fmt.Sprintf("%s imports %s no longer: take the arrow out of those that leave",
					old.from, to))
			}
		}
	}
	return out
}

// againstForeigners lists the imports of others' packages that only some may, and
// those who may and do not.
func (r rules) againstForeigners(h *house) []string {
	var out []string
	folders := slices.Sorted(maps.Keys(h.folders))
	for _, f := range r.foreigners {
		does := func(folder string) bool { return h.imports[folder].of(f.path, f.tests) }
		for _, from := range folders {
			if does(from) && !slices.ContainsFunc(f.only, func(only string) bool { return matches(only, from) }) {
				out = append(out, fmt.Sprintf("%s imports %s: %s", from, f.path, f.why))
			}
		}
		for _, only := range f.only {
			if !slices.ContainsFunc(folders, func(from string) bool { return matches(only, from) && does(from) }) {
				out = append(out,
					fmt.Sprintf("%s imports %s no longer: take its name from those who may", only, f.path))
			}
		}
	}
	return out
}

// againstCrowds lists the folders with too many files, and those that are let off
// without a need.
func (r rules) againstCrowds(h *house) []string {
	var out []string
	for _, folder := range slices.Sorted(maps.Keys(h.folders)) {
		if n := h.folders[folder]; n > maxFiles && !slices.Contains(r.crowded, folder) {
			out = append(out, fmt.Sprintf("%s has %d Go files; %d are the most", folder, n, maxFiles))
		}
	}
	for _, folder := range r.crowded {
		if h.folders[folder] <= maxFiles {
			out = append(out, folder+" has few files now: take it out of the crowded ones")
		}
	}
	return out
}

// row returns the row for a package, nil if there is none.
func (r rules) row(folder string) *arrow {
	var best *arrow
	longest := 0
	for i, a := range r.table {
		if name := strings.TrimSuffix(a.from, below); matches(a.from, folder) && (best == nil || len(name) > longest) {
			best, longest = &r.table[i], len(name)
		}
	}
	return best
}

// drawn reports whether the row of a package, or that of everyone, has the arrow.
func (r rules) drawn(row *arrow, from, to string) bool {
	return row != nil && allows(row.to, to) || slices.Contains(r.everyone, to) && !slices.Contains(r.everyone, from)
}

func (r rules) leaves(from, to string) bool {
	return slices.ContainsFunc(r.leaving, func(a arrow) bool { return a.from == from && allows(a.to, to) })
}

// against counts the imports that the design does not have: those that leave and
// those that nothing allows.
func (r rules) against(h *house) (leaving, forbidden int) {
	for from, imported := range h.imports {
		row := r.row(from)
		for _, to := range imported.ours() {
			switch {
			case r.drawn(row, from, to):
			case r.leaves(from, to):
				leaving++
			default:
				forbidden++
			}
		}
	}
	return leaving, forbidden
}

func allows(list []string, to string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool {
		if pattern == "*" {
			return !matches("cmd/...", to) && !matches("e2e/...", to) && !matches("scripts/...", to)
		}
		return matches(pattern, to)
	})
}

func matches(pattern, folder string) bool {
	name, all := strings.CutSuffix(pattern, below)
	return folder == name || all && strings.HasPrefix(folder, name+"/")
}
