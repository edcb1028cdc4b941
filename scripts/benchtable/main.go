// Benchtable answers one question: which of the project's measures are missed? It reads what go test -bench prints from
// its standard input and prints a row for each figure, with what it must be and what is aimed at, and then a line for
// each must that is missed and for each that was not measured. A benchmark that failed makes it exit with 1; a measure
// that is missed does not, as machines are noisy.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	failed, err := report(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
	if failed {
		os.Exit(1)
	}
}

// report writes the table of what in holds. It reports whether a benchmark failed.
func report(in io.Reader, out io.Writer) (failed bool, err error) {
	var missed []string
	measured := map[*measure]bool{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if wentWrong.MatchString(line) {
			fmt.Fprintln(out, line)
			failed = true
		}
		for _, f := range figuresOf(line) {
			m := measureOf(f)
			fmt.Fprintln(out, row(f, m))
			if m == nil {
				continue
			}
			measured[m] = true
			if !m.met(f.value, m.must) {
				missed = append(missed, fmt.Sprintf("missed: %s %s is %s, must be %s", f.benchmark, f.unit,
					number(f.value), m.bound(m.must)))
			}
		}
	}
	for _, line := range missed {
		fmt.Fprintln(out, line)
	}
	for i := range measures {
		if m := &measures[i]; !measured[m] {
			fmt.Fprintf(out, "not measured: %s %s\n", m.benchmark, m.unit)
		}
	}
	return failed, lines.Err()
}

var (
	wentWrong = regexp.MustCompile(`^(FAIL|panic|--- FAIL)`)
	processes = regexp.MustCompile(`-\d+$`) // GOMAXPROCS at the end of a name
)

// A figure is one of what a benchmark has measured.
type figure struct {
	benchmark, unit string
	value           float64
}

// figuresOf reads a line of a benchmark; of another there are none.
func figuresOf(line string) (list []figure) {
	name, ok := strings.CutPrefix(line, "Benchmark")
	fields := strings.Fields(name)
	if !ok || len(fields) < 4 {
		return nil
	}
	name = processes.ReplaceAllString(fields[0], "")
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil || fields[i+1] == "ns/op" && value == 0 { // there is a better figure
			continue
		}
		list = append(list, figure{name, fields[i+1], value})
	}
	return list
}

func measureOf(f figure) *measure {
	for i := range measures {
		m := &measures[i]
		if ok, err := path.Match(m.benchmark, f.benchmark); err == nil && ok && m.unit == f.unit {
			return m
		}
	}
	return nil
}

func row(f figure, m *measure) string {
	text := fmt.Sprintf("%-34s %12s %s", f.benchmark, number(f.value), f.unit)
	if m == nil {
		return text
	}
	verdict := "missed"
	switch {
	case m.met(f.value, m.aim):
		verdict = "good"
	case m.met(f.value, m.must):
		verdict = "met"
	}
	return fmt.Sprintf("%-80s must %s, aim %s: %s", text, m.bound(m.must), m.bound(m.aim), verdict)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// met reports whether a value is within a bound.
func (m *measure) met(value, bound float64) bool {
	c := cmp.Compare(value, bound)
	return c == 0 || (c > 0) == m.atLeast
}

func (m *measure) bound(v float64) string {
	if m.atLeast {
		return "≥ " + number(v)
	}
	return "≤ " + number(v)
}
