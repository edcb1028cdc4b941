package cmdline

import (
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Prose returns a writer for sentences: on a terminal a line that is wider than that goes on below, indented, instead
// of being cut in the middle of a word. Elsewhere lines stay as they are, for those who search in them. Each Write
// takes whole lines.
//
// What is to be done, behind " — " or an arrow, is never broken, and is on a line of its own where it has to be: it
// often is a command, and a shell would take each part of what is pasted for one.
func Prose(w io.Writer) io.Writer {
	file, is := w.(interface{ Fd() uintptr })
	if !is {
		return w
	}
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return w
	}
	return prose{w, int(size.Col)}
}

type prose struct {
	out   io.Writer
	width int
}

// Write writes lines, broken where they are too wide.
func (p prose) Write(text []byte) (int, error) {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		whole, end := strings.TrimSuffix(line, "\n"), ""
		if len(whole) < len(line) {
			end = "\n"
		}
		b.WriteString(breakLine(whole, p.width) + end)
	}
	if _, err := io.WriteString(p.out, b.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// breakLine breaks a line between words, but for what is to be done.
func breakLine(line string, width int) string {
	text := strings.TrimLeft(line, " ")
	if strings.HasPrefix(text, "→ ") {
		return line
	}
	sentence, todo, found := strings.Cut(line, " — ")
	broken := breakWords(sentence, width)
	if !found {
		return broken
	}
	last := broken[strings.LastIndexByte(broken, '\n')+1:]
	if utf8.RuneCountInString(last+" — "+todo) <= width {
		return broken + " — " + todo
	}
	return broken + "\n" + line[:len(line)-len(text)] + "  — " + todo
}

// breakWords breaks a line at its last space within the width, again and again. What follows is indented by two columns
// more than the line. A word that is wider stays whole.
func breakWords(line string, width int) string {
	text := strings.TrimRight(line, " ")
	rest, blank := []rune(text), line[len(text):]
	indent := 0
	for indent < len(rest) && rest[indent] == ' ' {
		indent++
	}
	margin := strings.Repeat(" ", indent+2)
	var lines []string
	for len(rest) > width {
		at := spaceWithin(rest, indent, width)
		if at < 0 {
			break
		}
		lines = append(lines, strings.TrimRight(string(rest[:at]), " "))
		rest = []rune(margin + strings.TrimLeft(string(rest[at:]), " "))
		indent = len(margin)
	}
	return strings.Join(append(lines, string(rest)+blank), "\n")
}

// spaceWithin is where a line is to be broken: at the last space behind its indentation that leaves no more than the
// width before it, or else at the first one behind that; below 0: nowhere.
func spaceWithin(line []rune, indent, width int) int {
	at := -1
	for i := indent + 1; i < len(line) && (at < 0 || i <= width); i++ {
		if line[i] == ' ' {
			at = i
		}
	}
	return at
}
