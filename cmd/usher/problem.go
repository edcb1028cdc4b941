package main

import (
	"cmp"
	"fmt"
	"slices"
)

// A problem is one thing to mend in the configuration, with its place.
type problem struct {
	File         string // as the operator named it
	Line, Column int    // from 1
	Warning      bool   // usher runs with it all the same
	Passing      bool   // it may go away without a change that a watcher of the files sees
	Text         string // what is wrong
	Mend         string // what to do about it
}

// String returns the form that compilers print, which editors understand.
func (p problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s — %s", p.File, p.Line, p.Column, kind, p.Text, p.Mend)
}

// sortProblems puts problems in the order of the file. Those that were found
// more than once, through aliases, stay once.
func sortProblems(problems []problem) []problem {
	slices.SortStableFunc(problems, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var kept []problem
	seen := map[problem]bool{}
	for _, p := range problems {
		if !seen[p] {
			kept = append(kept, p)
		}
		seen[p] = true
	}
	return kept
}

// countErrors returns how many problems are not warnings.
func countErrors(problems []problem) int {
	n := 0
	for _, p := range problems {
		if !p.Warning {
			n++
		}
	}
	return n
}

// split tells errors from warnings, as texts; neither is nil.
func split(problems []problem) (errors, warnings []string) {
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

// plural returns "1 host" or "2 hosts".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// An exitError ends the program with a code. An empty msg prints nothing: the
// command has said everything already.
type exitError struct {
	code int
	msg  string
}

// Error returns the message, which may be empty.
func (e exitError) Error() string { return e.msg }

// ExitCode returns the code to end with.
func (e exitError) ExitCode() int { return e.code }
