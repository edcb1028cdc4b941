package config

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/internal/config/section"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const configurationPage = "../../docs/configuration.md"

// TestConfigurationPage: docs/configuration.md is what the descriptions of the settings make of it. After a change of them:
// go test ./internal/config -run TestConfigurationPage -update
func TestConfigurationPage(t *testing.T) {
	want := page()
	if *update {
		if err := os.WriteFile(configurationPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configurationPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configuration.md is not what the descriptions say; go test ./internal/config -run TestConfigurationPage -update writes it anew")
	}
}

// page returns the page of all settings, in Markdown.
func page() string {
	var b strings.Builder
	b.WriteString("<!-- Made of the descriptions in internal/config by its TestConfigurationPage; change them there. -->\n\n# Configuration\n\n")
	for _, s := range sections() {
		if s.Path != "" {
			b.WriteString("\n## " + s.Path + "\n\n")
		}
		for paragraph := range strings.SplitSeq(s.Text, "\n\n") {
			b.WriteString(wrapped(paragraph, "") + "\n")
		}
		for _, set := range s.Settings {
			b.WriteString("- " + wrapped("**`"+set.Key+"`**: "+facts(set), "  ") + "  " + wrapped(set.Text, "  "))
		}
	}
	return b.String()
}

// facts is what can be said of every setting.
func facts(s section.Setting) string {
	list := []string{s.Kind}
	switch {
	case s.Needed:
		list = append(list, "needed")
	case s.Default != "":
		list = append(list, "by default `"+s.Default+"`")
	case s.Unset != "":
		list = append(list, "by default "+s.Unset)
	}
	if s.Example != "" {
		list = append(list, "example `"+s.Example+"`")
	}
	if s.Restart {
		list = append(list, "*restart*")
	}
	return strings.Join(list, "; ") + "."
}

// wrapped breaks a paragraph into lines of at most 118 characters, and begins all but the first with an indent. Only long
// code is broken between its words.
func wrapped(paragraph, indent string) string {
	const most = 118
	var b strings.Builder
	width := len(indent)
	for i, word := range unbroken(paragraph) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case width+1+n > most:
			b.WriteString("\n" + indent)
			width = len(indent)
		default:
			b.WriteString(" ")
			width++
		}
		b.WriteString(word)
		width += n
	}
	return b.String() + "\n"
}

// unbroken splits a paragraph where a line may end: between words, but for those of code of up to 60 characters.
func unbroken(paragraph string) []string {
	var list []string
	for i, part := range strings.Split(paragraph, "`") {
		code := i%2 == 1
		if code {
			part = "`" + part + "`"
		}
		for j, word := range strings.Split(part, " ") {
			joined := j == 0 && i > 0 || code && j > 0 && len(part) <= 60
			switch {
			case joined && j > 0:
				list[len(list)-1] += " " + word
			case joined:
				list[len(list)-1] += word
			default:
				list = append(list, word)
			}
		}
	}
	return list
}
