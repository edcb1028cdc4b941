package hunks

import (
	"fmt"
	"regexp"
	"strings"
)

// Unified writes the difference of two texts as diff -u does, with every secret masked: those that are named, and what
// is set by a line whose name says that it is one.
func Unified(name, was, now string, secrets []string) string {
	a, list := Lines(was), Diff(was, now)
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	from := "a" + name
	if was == "" {
		from = "/dev/null"
	}
	fmt.Fprintf(&b, "--- %s\n+++ b%s\n", from, name)
	for len(list) > 0 {
		n := 1 // hunks that are near each other are shown together
		for n < len(list) && list[n].OldAt-list[n-1].OldAt-len(list[n-1].Old) <= 2*context {
			n++
		}
		group(&b, a, list[:n], secrets)
		list = list[n:]
	}
	return b.String()
}

func group(b *strings.Builder, a []string, list []Hunk, secrets []string) {
	first, last := list[0], list[len(list)-1]
	begin, end := max(0, first.OldAt-context), min(len(a), last.OldAt+len(last.Old)+context)
	newBegin := first.NewAt - (first.OldAt - begin)
	newEnd := last.NewAt + len(last.New) + end - last.OldAt - len(last.Old)
	fmt.Fprintf(b, "@@ -%s +%s @@\n", span(begin, end), span(newBegin, newEnd))
	at := begin
	for _, h := range list {
		show(b, " ", a[at:h.OldAt], secrets)
		show(b, "-", h.Old, secrets)
		show(b, "+", h.New, secrets)
		at = h.OldAt + len(h.Old)
	}
	show(b, " ", a[at:end], secrets)
}

func span(begin, end int) string {
	if end == begin {
		return fmt.Sprintf("%d,0", begin)
	}
	return fmt.Sprintf("%d,%d", begin+1, end-begin)
}

func show(b *strings.Builder, sign string, lines, secrets []string) {
	for _, line := range lines {
		text, ended := strings.CutSuffix(line, "\n")
		b.WriteString(sign + Mask(text, secrets) + "\n")
		if !ended {
			b.WriteString("\\ No newline at end of file\n")
		}
	}
}

const masked = "********"

// naming finds settings whose names say that their values are secret, in Lua, HOCON and YAML.
var naming = regexp.MustCompile(`(?i)((?:secret|passw(?:or)?d|api_?key|token)s?["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"'{\[;,]+)`)

// harmless finds what such a setting says without being a secret: a public key, a switch, the name of a file.
var harmless = regexp.MustCompile(`^["']?(?:-----BEGIN PUBLIC KEY|true\b|false\b|\(|/|token["']|RS\d)`)

// Mask hides the secrets in a line.
func Mask(line string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			line = strings.ReplaceAll(line, s, masked)
		}
	}
	return naming.ReplaceAllStringFunc(line, func(found string) string {
		m := naming.FindStringSubmatch(found)
		if harmless.MatchString(m[2]) {
			return found
		}
		if quote := m[2][:1]; quote == `"` || quote == "'" {
			return m[1] + quote + masked + quote
		}
		return m[1] + masked
	})
}
