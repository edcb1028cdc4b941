package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// An event is a line of go test -json; go doc test2json describes it.
type event struct {
	Action      string
	Package     string
	Test        string // empty: it is of the package
	Output      string
	FailedBuild string
}

// A line is a piece of what a test, or its package if that is empty, printed.
type line struct{ test, text string }

// A report is what all runs said.
type report struct {
	out     io.Writer
	lines   map[string][]line // of packages that have not ended
	quiet   map[string]bool   // tests that have passed or were skipped: package and name
	passed  int               // tests, without their parts
	tested  int               // packages
	failed  []string
	left    string              // what was not run
	skipped map[string][]string // reason → tests
}

// read takes the events of one run of go test.
func (r *report) read(events io.Reader) error {
	if r.skipped == nil {
		r.skipped = map[string][]string{}
	}
	r.lines, r.quiet = map[string][]line{}, map[string]bool{}
	for in := bufio.NewReader(events); ; {
		text, err := in.ReadString('\n')
		var e event
		if json.Unmarshal([]byte(text), &e) == nil && e.Action != "" {
			r.take(e)
		} else {
			fmt.Fprint(r.out, text) // what go test says itself is for people
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) take(e event) {
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		r.lines[e.Package] = append(r.lines[e.Package], line{e.Test, e.Output})
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
	}
}

func (r *report) endTest(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "fail":
		r.failed = append(r.failed, name)
		return
	case "skip":
		reason := r.reason(e)
		r.skipped[reason] = append(r.skipped[reason], name)
	case "pass":
		if !strings.Contains(e.Test, "/") {
			r.passed++
		}
	}
	r.quiet[name] = true
}

var (
	place    = regexp.MustCompile(`^\s*\w+\.go:\d+: `)
	progress = regexp.MustCompile(`^\s*(=== (RUN|PAUSE|CONT|NAME)|--- SKIP)`)
)

// reason is what a test said before it was skipped, in one line.
func (r *report) reason(e event) string {
	var words []string
	for _, l := range r.lines[e.Package] {
		if l.test == e.Test && !progress.MatchString(l.text) {
			words = append(words, strings.Fields(place.ReplaceAllString(l.text, ""))...)
		}
	}
	if len(words) == 0 {
		return "no reason was given"
	}
	return strings.Join(words, " ")
}

// endPackage prints go test's own line, and before it what its tests said if one failed.
func (r *report) endPackage(e event) {
	defer delete(r.lines, e.Package)
	switch e.Action {
	case "skip": // no tests
		return
	case "pass":
		r.tested++
		for _, l := range r.lines[e.Package] {
			if l.test == "" && strings.HasPrefix(l.text, "ok  \t") {
				fmt.Fprint(r.out, l.text)
			}
		}
		return
	}
	r.tested++
	for _, l := range r.lines[e.Package] {
		if !r.quiet[e.Package+" "+l.test] && !progress.MatchString(l.text) {
			fmt.Fprint(r.out, l.text)
		}
	}
	ofPackage := func(name string) bool { return strings.HasPrefix(name, e.Package+" ") }
	switch {
	case e.FailedBuild != "":
		r.failed = append(r.failed, e.Package+" does not build")
	case !slices.ContainsFunc(r.failed, ofPackage):
		r.failed = append(r.failed, e.Package+" ended before its tests")
	}
}

// shown is how many tests of one reason, and how many failures, are named.
const shown = 4

// close prints what was skipped, what failed, and the figures. The last line has those of tests alone: others read it.
func (r *report) close(took time.Duration) {
	n := 0
	for _, reason := range slices.Sorted(maps.Keys(r.skipped)) {
		tests := r.skipped[reason]
		if n == 0 {
			fmt.Fprintln(r.out, "\nskipped:")
		}
		n += len(tests)
		fmt.Fprintf(r.out, "  %s\n", reason)
		for _, name := range tests[:min(shown, len(tests))] {
			fmt.Fprintf(r.out, "      %s\n", name)
		}
		if more := len(tests) - shown; more > 0 {
			fmt.Fprintf(r.out, "      and %d more\n", more)
		}
	}
	if len(r.failed) > 0 {
		fmt.Fprintf(r.out, "\nfailed:\n  %s\n", strings.Join(r.failed, "\n  "))
	}
	if r.left != "" {
		fmt.Fprintln(r.out, r.left)
	}
	fmt.Fprintf(r.out, "\n%d packages in %v\ntests: %d passed, %d failed, %d skipped\n", r.tested,
		took.Round(time.Second), r.passed, len(r.failed), n)
}
