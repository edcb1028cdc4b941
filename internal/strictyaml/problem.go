package strictyaml

import (
	"cmp"
	"fmt"
	"slices"
)

// A Problem is one thing to mend in a file, with its place.
type Problem struct {
	File         string // as the operator named it
	Line, Column int    // from 1
	Warning      bool   // the file can be used all the same
	Passing      bool   // it may go away without a change that a watcher of the files sees
	Text         string // what is wrong
	Mend         string // what to do about it
}

// String returns the form that compilers print, which editors understand.
func (p Problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s — %s", p.File, p.Line, p.Column, kind, p.Text, p.Mend)
}

// Problems are what was found in one file, errors and warnings, in its order.
type Problems []Problem

// Errors returns how many problems are not warnings.
func (problems Problems) Errors() int {
	n := 0
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	return n
}

// Split tells errors from warnings, as texts; neither is nil.
func (problems Problems) Split() (errors, warnings []string) {
	errors, warnings = []string{}, []string{}
	for _, p := range problems {
		if p.Warning {
			warnings = append(warnings, p.String())
		} else {
			errors = append(errors, p.String())
		}
	}
	return errors, warnings
}

// inOrder returns problems in the order of the file. Those that were found more
// than once, through aliases, stay once.
func (problems Problems) inOrder() Problems {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var kept Problems
	seen := map[Problem]bool{}
	for _, p := range problems {
		if !seen[p] {
			kept = append(kept, p)
		}
		seen[p] = true
	}
	return kept
}
