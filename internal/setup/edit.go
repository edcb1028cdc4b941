package setup

import (
	"errors"
	"regexp"
	"strings"

	"usher/internal/setup/hunks"
)

// errNotUnderstood says that a line does not have the shape that an edit wants.
var errNotUnderstood = errors.New("the line is not written as it is here")

// A draft is a file while it is edited: its lines by the numbers that they had, so that edits do not move each other.
type draft struct {
	lines []string   // without their ends, from 0
	after [][]string // lines to come after each; those before the first line are at 0 of before
	first []string
	gone  []bool
	ended bool // the last line ends
}

func newDraft(text string) *draft {
	d := &draft{ended: text == "" || strings.HasSuffix(text, "\n")}
	for _, line := range hunks.Lines(text) {
		d.lines = append(d.lines, strings.TrimSuffix(line, "\n"))
	}
	d.after, d.gone = make([][]string, len(d.lines)), make([]bool, len(d.lines))
	return d
}

// line returns a line by its number, from 1.
func (d *draft) line(n int) (string, bool) {
	if n < 1 || n > len(d.lines) {
		return "", false
	}
	return d.lines[n-1], true
}

func (d *draft) replace(n int, line string) { d.lines[n-1] = line }

// insert puts lines after the line n, behind those that were put there before; 0 is the top.
func (d *draft) insert(n int, lines ...string) {
	if n == 0 {
		d.first = append(d.first, lines...)
		return
	}
	d.after[n-1] = append(d.after[n-1], lines...)
}

func (d *draft) String() string {
	var all []string
	all = append(all, d.first...)
	for i, line := range d.lines {
		if !d.gone[i] {
			all = append(all, line)
		}
		all = append(all, d.after[i]...)
	}
	text := strings.Join(all, "\n")
	if n := len(d.lines); d.ended && len(all) > 0 || n > 0 && len(d.after[n-1]) > 0 {
		text += "\n"
	}
	return text
}

const luaText = `"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`

// setting is the shape of a line that does nothing but set an option to a text, a switch or a number.
func setting(name string) *regexp.Regexp {
	return regexp.MustCompile(`^(\s*)` + regexp.QuoteMeta(name) + `(\s*=\s*)(` + luaText +
		`|true|false|[0-9.]+)(\s*;?\s*(?:--.*)?)$`)
}

// setTo changes what the lines that end on one set an option to. Where it is more than a plain value on a line, the
// lines go, so that no secret stays in a comment.
func (d *draft) setTo(end int, name, value string) error {
	line, _ := d.line(end)
	if m := setting(name).FindStringSubmatch(line); m != nil {
		d.replace(end, m[1]+name+m[2]+value+m[4])
		return nil
	}
	begin, err := d.begin(end, name)
	if err != nil {
		return err
	}
	for n := begin; n <= end; n++ {
		d.gone[n-1] = true
	}
	d.insert(end, d.indentOf(begin)+name+" = "+value)
	return nil
}

// begin finds where the statement that sets an option and ends on a line begins.
func (d *draft) begin(end int, name string) (int, error) {
	start := regexp.MustCompile(`^\s*` + regexp.QuoteMeta(name) + `\s*=`)
	for n := end; n > max(0, end-500); n-- {
		if line, ok := d.line(n); ok && start.MatchString(line) {
			return n, nil
		}
	}
	return 0, errNotUnderstood
}

// commentOut makes comments of the lines that set an option.
func (d *draft) commentOut(end int, name string) error {
	begin, err := d.begin(end, name)
	if err != nil {
		return err
	}
	for n := begin; n <= end; n++ {
		line, _ := d.line(n)
		text := strings.TrimLeft(line, " \t")
		d.replace(n, line[:len(line)-len(text)]+"--"+text)
	}
	return nil
}

// addTo puts items into the list of an option that ends on a line: first, so that whatever separates the others stays
// right.
func (d *draft) addTo(end int, name string, items []string) error {
	begin, err := d.begin(end, name)
	if err != nil {
		return err
	}
	line, _ := d.line(begin)
	m := regexp.MustCompile(`^(\s*` + regexp.QuoteMeta(name) + `\s*=\s*\{)(.*)$`).FindStringSubmatch(line)
	if m == nil {
		return errNotUnderstood
	}
	var list strings.Builder
	for _, item := range items {
		list.WriteString(" " + luaQuote(item) + ";")
	}
	rest := strings.TrimSpace(m[2])
	if rest != "" && !strings.HasPrefix(rest, "--") || begin == end {
		d.replace(begin, m[1]+list.String()+" "+strings.TrimLeft(m[2], " \t"))
		return nil
	}
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))] + "    "
	for _, item := range items {
		d.insert(begin, indent+luaQuote(item)+";")
	}
	return nil
}

// takeFrom takes an item out of the list of an option that ends on a line.
func (d *draft) takeFrom(end int, name, item string) error {
	begin, err := d.begin(end, name)
	if err != nil {
		return err
	}
	quoted := `(?:"` + regexp.QuoteMeta(item) + `"|'` + regexp.QuoteMeta(item) + `')`
	alone := regexp.MustCompile(`^(\s*)(` + quoted + `\s*[;,]?\s*(?:--.*)?)$`)
	within := regexp.MustCompile(`(^[^-]*?)` + quoted + `\s*[;,]?\s*(.*)$`)
	for n := begin; n <= end; n++ {
		line, _ := d.line(n)
		if m := alone.FindStringSubmatch(line); m != nil {
			d.replace(n, m[1]+"--"+m[2])
			return nil
		}
		if m := within.FindStringSubmatch(line); m != nil {
			d.replace(n, m[1]+m[2])
			return nil
		}
	}
	return errNotUnderstood
}

// uncomment finds the one line between two that is a comment of a given shape, and makes it what is wanted.
func (d *draft) uncomment(from, to int, shape *regexp.Regexp, want func(m []string) string) (line int, done bool) {
	var at []int
	for n := from; n <= min(to, len(d.lines)); n++ {
		if shape.MatchString(d.lines[n-1]) {
			at = append(at, n)
		}
	}
	if len(at) != 1 {
		return 0, false
	}
	d.replace(at[0], want(shape.FindStringSubmatch(d.lines[at[0]-1])))
	return at[0], true
}

// indentOf returns what a line begins with.
func (d *draft) indentOf(n int) string {
	line, _ := d.line(n)
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}
