package cmdline

import (
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// fitHelp has the library write help that fits 80 columns. It knows one printer for all programs.
var fitHelp = sync.OnceFunc(func() {
	cli.HelpPrinter = func(w io.Writer, template string, data any) {
		cli.HelpPrinterCustom(w, template, data, map[string]any{"wrap": fit})
	}
})

// columnOfUsage is about where the text behind an option begins.
const columnOfUsage = 24

// fit wraps a text of help that begins in a column. What is indented is an example, and stays as it is.
func fit(text string, column int) string {
	if name, usage, found := strings.Cut(text, "\t"); found && !strings.Contains(text, "\n") { // an option
		return name + "\t" + strings.Join(fill(strings.Fields(usage), columns-columnOfUsage), "\n   \t")
	}
	var lines, words []string
	end := func() {
		if len(words) > 0 {
			lines = append(lines, fill(words, columns-column)...)
		}
		words = nil
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			lines = append(lines, line)
			continue
		}
		words = append(words, strings.Fields(line)...)
	}
	end()
	margin := "\n" + strings.Repeat(" ", column)
	return strings.ReplaceAll(strings.Join(lines, margin), margin+"\n", "\n\n")
}

// fill puts as many words on a line as there is room for.
func fill(words []string, width int) (lines []string) {
	at := 0
	for _, word := range words {
		n := utf8.RuneCountInString(word)
		if len(lines) == 0 || at+1+n > width {
			lines, at = append(lines, word), n
			continue
		}
		lines[len(lines)-1] += " " + word
		at += 1 + n
	}
	return lines
}
