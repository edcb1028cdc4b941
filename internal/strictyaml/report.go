package strictyaml

import (
	"fmt"

	"usher/internal/text"
)

// A Report collects the problems of one file.
type Report struct {
	file     string
	problems Problems
}

// NewReport returns an empty report about a file, which it names as the operator did.
func NewReport(file string) *Report { return &Report{file: file} }

// Problem reports what is wrong at a place, and what to do about it. Line and
// column count from 1; control characters are taken out of both texts.
func (r *Report) Problem(line, column int, mend, format string, args ...any) {
	r.add(line, column, false, mend, fmt.Sprintf(format, args...))
}

// Warn is [Report.Problem] for what is no reason to refuse the file.
func (r *Report) Warn(line, column int, mend, format string, args ...any) {
	r.add(line, column, true, mend, fmt.Sprintf(format, args...))
}

func (r *Report) add(line, column int, warning bool, mend, what string) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: max(line, 1), Column: max(column, 1), Warning: warning,
		Text: text.Printable(what), Mend: text.Printable(mend),
	})
}

// MarkPassing says of the problem that was reported last whether it may go away
// though nothing of the files changes.
func (r *Report) MarkPassing(passing bool) { r.problems[len(r.problems)-1].Passing = passing }

// Errors returns how many problems, so far, are not warnings.
func (r *Report) Errors() int { return r.problems.Errors() }

// Problems returns all of them, in the order of the file and each once.
func (r *Report) Problems() Problems { return r.problems.inOrder() }
