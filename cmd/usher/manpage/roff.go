package manpage

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

// A page is a manual page in the macros of man(7).
type page struct{ strings.Builder }

// maxVersion is how long a version may be that has room at the foot of a page of 80 columns, beside the date.
const maxVersion = 16

func begin(name, date, version, usage string) *page {
	p := &page{}
	source := "usher"
	if len(version) <= maxVersion {
		source += " " + version
	}
	fmt.Fprintf(p, ".TH %s 1 %s %s \"User Commands\"\n", quoted(strings.ToUpper(name)), quoted(date), quoted(source))
	p.section("NAME")
	fmt.Fprintf(p, "%s \\- %s\n", escaped(name), escaped(usage))
	return p
}

func (p *page) section(title string) { fmt.Fprintf(p, ".SH %s\n", quoted(title)) }

// synopsis writes a usage, a line for each of its lines; the words that are typed as they stand are bold.
func (p *page) synopsis(usage string) {
	for line := range strings.Lines(usage) {
		words := strings.Fields(line)
		for i, word := range words {
			words[i] = typed.ReplaceAllStringFunc(escaped(word), bold)
		}
		fmt.Fprintf(p, ".PP\n.nh\n%s\n.hy\n", strings.Join(words, " "))
	}
}

// typed matches in an escaped word what is typed as it stands: lower-case words, and options.
var typed = regexp.MustCompile(`(?:\\-)*[a-z][a-z]*(?:\\-[a-z]+)*`)

// text writes paragraphs. A line that begins with a space is an example's, and stays a line.
func (p *page) text(text string) {
	example, blank := false, true
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		if line == "" {
			blank = true
			continue
		}
		if indented := strings.HasPrefix(line, " "); indented != example || blank {
			p.turn(example, indented)
			example = indented
		}
		blank = false
		p.WriteString(guarded(strings.TrimPrefix(line, "   ")) + "\n")
	}
	if example {
		p.WriteString(".EE\n.RE\n")
	}
}

// turn writes what stands between a paragraph or example and the next.
func (p *page) turn(was, is bool) {
	if was && !is {
		p.WriteString(".EE\n.RE\n")
	}
	switch {
	case was && is:
		p.WriteString("\n")
	case is:
		p.WriteString(".PP\n.RS 4\n.EX\n")
	default:
		p.WriteString(".PP\n")
	}
}

// options writes a line for each option.
func (p *page) options(flags []cli.Flag) {
	for _, f := range flags {
		if v, ok := f.(cli.VisibleFlag); ok && !v.IsVisible() {
			continue
		}
		if doc, ok := f.(cli.DocGenerationFlag); ok {
			p.item(optionNames(doc), optionText(doc))
		}
	}
}

// placeholder is what the library shows as the option's value.
var placeholder = regexp.MustCompile("`([^`]+)`")

func optionNames(f cli.DocGenerationFlag) string {
	var names []string
	for _, name := range f.Names() {
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		names = append(names, bold(escaped(dashes+name)))
	}
	text := strings.Join(names, ", ")
	if !f.TakesValue() {
		return text
	}
	value := "VALUE"
	if m := placeholder.FindStringSubmatch(f.GetUsage()); m != nil {
		value = m[1]
	}
	return text + " " + italic(escaped(value))
}

func optionText(f cli.DocGenerationFlag) string {
	var text strings.Builder
	text.WriteString(placeholder.ReplaceAllString(f.GetUsage(), "$1"))
	if value := f.GetDefaultText(); f.TakesValue() && value != "" && value != `""` {
		text.WriteString("; default: " + strings.Trim(value, `"`))
	}
	for _, name := range f.GetEnvVars() {
		text.WriteString("; or from the environment, as " + name)
	}
	return text.String()
}

// item writes a word, already with its font, and what it means.
func (p *page) item(word, text string) { fmt.Fprintf(p, ".TP\n%s\n%s\n", word, guarded(text)) }

func (p *page) seeAlso(pages []string) {
	for i, name := range pages {
		pages[i] = bold(escaped(name)) + "(1)"
	}
	p.section("SEE ALSO")
	p.WriteString(strings.Join(pages, ",\n") + "\n")
}

func bold(text string) string   { return `\fB` + text + `\fR` }
func italic(text string) string { return `\fI` + text + `\fR` }

// escaped keeps roff from reading anything in a text: a dash is what is typed, not a hyphen.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", "\\`", `^`, `\(ha`, `~`, `\(ti`).Replace(text)
}

// guarded is escaped for a whole line, which may begin with a dot.
func guarded(line string) string {
	if strings.HasPrefix(line, ".") {
		return `\&` + escaped(line)
	}
	return escaped(line)
}

func quoted(text string) string { return `"` + strings.ReplaceAll(escaped(text), `"`, `\(dq`) + `"` }
