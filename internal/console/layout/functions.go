package layout

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"usher/internal/text"
)

// functions are what templates call.
func (l *Layout) functions() template.FuncMap {
	return template.FuncMap{
		"asset":     AssetPath,
		"bytes":     text.Bytes,
		"coded":     coded,
		"first":     func(list []string) []string { return text.First(list, mostLines) },
		"names":     Names,
		"few":       Few,
		"printable": text.Printable,
		"search":    func(action, label, search string) Search { return Search{action, label, search} },
		"time":      l.time,
		"name":      Name,
		"plural":    text.Plural,
		"mark":      mark,
		"join":      strings.Join,
		"span":      span,
	}
}

// The bounds of what a page shows that others chose. A whole address may have 3,071 bytes.
const (
	mostLines   = 20  // of a list that is not what the page is about
	mostInARow  = 5   // of a list in a row of another
	longestName = 250 // bytes, of either side of the @
)

// A Search is a form to search a list with, for the template "search".
type Search struct{ Action, Label, Search string }

// time writes a moment for people and for programs; a dash for none.
func (l *Layout) time(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.In(l.zone)
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.Format(time.RFC3339),
		t.Format("2006-01-02 15:04:05")))
}

// Name writes what strangers call themselves, a room or an account: apart from the text around it, in whichever
// direction it is written, and with nothing that is not seen. What has an @ is an address, which is read from left to
// right, whatever the direction of its parts: ليلى@meet.example.com would show the host first.
func Name(s string) template.HTML {
	if s == "" {
		return "–"
	}
	local, host, address := strings.Cut(text.Printable(s), "@")
	local, host = text.ClipTo(local, longestName), text.ClipTo(host, longestName)
	if !address {
		return `<bdi>` + template.HTML(template.HTMLEscapeString(local)) + `</bdi>`
	}
	return template.HTML(`<bdi dir="ltr"><bdi>` + template.HTMLEscapeString(local) + `</bdi>@<bdi>` +
		template.HTMLEscapeString(host) + `</bdi></bdi>`)
}

// Names writes some of them.
func Names(list []string) template.HTML { return namesOf(list, mostLines) }

// Few writes some of them in a row of a list.
func Few(list []string) template.HTML { return namesOf(list, mostInARow) }

func namesOf(list []string, most int) template.HTML {
	var names []string
	for _, s := range text.First(list, most) {
		names = append(names, string(Name(s)))
	}
	if len(names) == 0 {
		return "–"
	}
	return template.HTML(strings.Join(names, ", "))
}

// coded is a text of our own, in which names of settings stand between backquotes.
func coded(s string) template.HTML {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if part = template.HTMLEscapeString(part); i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		b.WriteString(part)
	}
	return template.HTML(b.String())
}

// mark is a word with a sign before it, which the styles have, so that it is not told by its colour alone. Kind is
// good, bad, warn or none.
func mark(kind, word string) template.HTML {
	return template.HTML(fmt.Sprintf(`<span class="mark %s">%s</span>`, template.HTMLEscapeString(kind),
		template.HTMLEscapeString(text.Printable(word))))
}

// span is a duration in words, no finer than people read it.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "under a minute"
	case d < time.Hour:
		return text.Plural(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return text.Plural(int(d/time.Hour), "hour")
	}
	return text.Plural(int(d/(24*time.Hour)), "day")
}
