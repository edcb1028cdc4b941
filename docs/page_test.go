// Package docs holds the pages for operators and no code. Its tests keep the pages true: links lead somewhere, every
// block that can be pasted does what the page says, and names are those of the code.
package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository.
const root = ".."

// A page is one file in Markdown.
type page struct {
	name   string // from the root of the repository, such as docs/rooms.md
	prose  string // without its blocks
	blocks []block
}

// A block is what stands between two lines of three backquotes.
type block struct {
	page, language, text string
	line                 int    // where its text begins, from 1
	before               string // the paragraph above it
}

func (b block) String() string { return fmt.Sprintf("%s:%d (%s)", b.page, b.line, b.language) }

// pages reads the pages that operators read, README.md first.
func pages(t *testing.T) []page {
	t.Helper()
	found, err := filepath.Glob("*.md")
	if err != nil || len(found) < 10 {
		t.Fatalf("the pages %v, %v", found, err)
	}
	list := []page{readPage(t, "README.md"), readPage(t, "CHANGELOG.md")}
	for _, name := range found {
		list = append(list, readPage(t, "docs/"+name))
	}
	return list
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	p := page{name: name}
	var prose []string
	var open *block
	for i, line := range strings.Split(readFile(t, name), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			open = &block{page: name, language: fence, line: i + 2, before: lastParagraph(prose)}
		case isFence:
			p.blocks = append(p.blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		default:
			prose = append(prose, line)
		}
	}
	if open != nil {
		t.Fatalf("%v does not end", open)
	}
	p.prose = strings.Join(prose, "\n")
	return p
}

func lastParagraph(lines []string) string {
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		return text[i+2:]
	}
	return text
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// blocksOf returns all blocks in one of the languages.
func blocksOf(t *testing.T, languages ...string) []block {
	t.Helper()
	var list []block
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if slices.Contains(languages, b.language) {
				list = append(list, b)
			}
		}
	}
	if len(list) == 0 {
		t.Fatalf("no page has a block in one of %v", languages)
	}
	return list
}

var inlineCode = regexp.MustCompile("`+([^`]+)`+")

// code returns what stands between backquotes in the prose.
func (p page) code() []string {
	var list []string
	for _, m := range inlineCode.FindAllStringSubmatch(p.prose, -1) {
		list = append(list, m[1])
	}
	return list
}

// section returns the prose under a heading, up to the next one of that level.
func (p page) section(t *testing.T, heading string) string {
	t.Helper()
	_, text, found := strings.Cut("\n"+p.prose, "\n"+heading+"\n")
	if !found {
		t.Fatalf("%s has no %q", p.name, heading)
	}
	level := strings.Repeat("#", strings.Count(heading, "#"))
	text, _, _ = strings.Cut(text, "\n"+level+" ")
	return text
}

// column returns a column of the tables in a text, from 0, without their heads.
func column(text string, n int) []string {
	var list []string
	rows := strings.Split(text, "\n")
	for i, row := range rows {
		isHead := i+1 < len(rows) && strings.HasPrefix(rows[i+1], "|---")
		if !strings.HasPrefix(row, "| ") || isHead {
			continue
		}
		if cells := strings.Split(strings.ReplaceAll(row, `\|`, "\x00"), "|"); n+1 < len(cells)-1 {
			list = append(list, strings.TrimSpace(cells[n+1]))
		}
	}
	return list
}

// quoted returns what stands between backquotes in some texts.
func quoted(texts []string) []string {
	return page{prose: strings.Join(texts, "\n")}.code()
}
