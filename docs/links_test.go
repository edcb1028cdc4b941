package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	linkTarget    = regexp.MustCompile(`(?s)\[[^\]]*\]\(([^)\s]+)\)`)
	listOfParts   = regexp.MustCompile(`(?m)^- .*\]\(#`)
	secondHeading = regexp.MustCompile(`(?m)^## +(.+)$`)
	headingLine   = regexp.MustCompile(`(?m)^#{1,6} +(.+)$`)
)

// TestLinks: every link within the repository leads to a file, and to a heading of it if it names one.
func TestLinks(t *testing.T) {
	all := pages(t)
	anchors := map[string][]string{}
	for _, p := range all {
		anchors[p.name] = anchorsOf(p)
	}
	links := 0
	for _, p := range all {
		for _, m := range linkTarget.FindAllStringSubmatch(inlineCode.ReplaceAllString(p.prose, "$1"), -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			links++
			file, anchor, named := strings.Cut(m[1], "#")
			target := p.name
			if file != "" {
				target = path.Join(path.Dir(p.name), file)
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %s leads nowhere", p.name, m[1])
			} else if named && !slices.Contains(anchors[target], anchor) {
				t.Errorf("%s: %s has no such heading; there is %v", p.name, m[1], anchors[target])
			}
		}
	}
	if links < 60 {
		t.Errorf("only %d links were found", links)
	}
}

// TestContents: a page that begins with a list of its parts has every part in it, or leads there before it comes.
func TestContents(t *testing.T) {
	listed := 0
	for _, p := range pages(t) {
		intro, _, _ := strings.Cut(p.prose, "\n## ")
		if !listOfParts.MatchString(intro) {
			continue
		}
		listed++
		for _, m := range secondHeading.FindAllStringSubmatchIndex(p.prose, -1) {
			title := p.prose[m[2]:m[3]]
			if !strings.Contains(p.prose[:m[0]], "](#"+anchorOf(title)+")") {
				t.Errorf("%s: nothing before it leads to %q", p.name, title)
			}
		}
	}
	if listed < 10 {
		t.Errorf("only %d pages have a list of their parts", listed)
	}
}

// anchorsOf returns what can stand behind # of a page, as GitHub makes it of the headings.
func anchorsOf(p page) []string {
	var list []string
	for _, m := range headingLine.FindAllStringSubmatch(p.prose, -1) {
		list = append(list, anchorOf(m[1]))
	}
	return list
}

func anchorOf(title string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// TestReadme: the first page is short, and leads to all others.
func TestReadme(t *testing.T) {
	text := readFile(t, "README.md")
	if n := strings.Count(text, "\n"); n > 120 {
		t.Errorf("README.md has %d lines, at most 120 are wanted", n)
	}
	pagesTable := readPage(t, "README.md").section(t, "## Pages")
	for _, p := range pages(t) {
		if p.name != "README.md" && !strings.Contains(pagesTable, "]("+p.name+")") {
			t.Errorf("README.md has no row for %s", p.name)
		}
	}
}

// TestFilesNamed: a file of the repository that a page names between backquotes is there.
func TestFilesNamed(t *testing.T) {
	ours := regexp.MustCompile(`^(deploy|docs|scripts|e2e|cmd|internal|auth|moderation|lobby|metrics)/[\w./-]+\.\w+$`)
	n := 0
	for _, p := range pages(t) {
		for _, c := range p.code() {
			if !ours.MatchString(c) {
				continue
			}
			n++
			if _, err := os.Stat(filepath.Join(root, c)); err != nil {
				t.Errorf("%s: there is no %s", p.name, c)
			}
		}
	}
	if n == 0 {
		t.Error("no page names a file")
	}
}

// TestLines: no page has a line that a terminal or a diff cuts, but for rows of tables and blocks, or that ends in space.
func TestLines(t *testing.T) {
	for _, p := range pages(t) {
		for line := range strings.SplitSeq(p.prose, "\n") {
			if n := len([]rune(line)); n > 120 && !strings.HasPrefix(line, "|") {
				t.Errorf("%s has a line of %d characters: %s", p.name, n, line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s has a line with space at its end: %s", p.name, line)
			}
		}
	}
}
