package auth

import (
	"fmt"
	"strings"

	"usher/internal/text"
)

// misspellings are what people do not see between two names. Issuers and
// audiences are compared byte for byte (RFC 7519 section 4.1.1).
var misspellings = []struct {
	what string
	undo func(string) string
}{
	{"white space around it", strings.TrimSpace},
	{"quotes around it", func(s string) string { return strings.Trim(s, `"'`) }},
	{"a slash at the end", func(s string) string { return strings.TrimSuffix(s, "/") }},
	{"http instead of https", func(s string) string { return strings.Replace(s, "http://", "https://", 1) }},
	{"letter case", strings.ToLower},
}

// maxNear bounds the names that are compared, in bytes: they may be strangers'.
const maxNear = 256

// nearMiss says by what a name differs from a known one that was probably
// meant. It is empty if none is near.
func nearMiss(name string, known []string) string {
	if name == "" || len(name) > maxNear {
		return ""
	}
	plain := undoBut(name, -1)
	for _, k := range known {
		if plain != undoBut(k, -1) {
			continue
		}
		var by []string
		for i, m := range misspellings {
			if undoBut(name, i) != undoBut(k, i) {
				by = append(by, m.what)
			}
		}
		return fmt.Sprintf(", but near %q: between the two is %s", text.Name(k), strings.Join(by, ", and "))
	}
	return ""
}

// undoBut undoes every misspelling but one.
func undoBut(s string, but int) string {
	for i, m := range misspellings {
		if i != but {
			s = m.undo(s)
		}
	}
	return s
}

// listOf writes names for an operator, the first of them.
func listOf(names []string) string {
	const most = 8
	short := make([]string, 0, most+1)
	for i, n := range names {
		if i == most {
			short = append(short, text.AndMore(len(names)-most))
			break
		}
		short = append(short, text.Name(n))
	}
	return "[" + strings.Join(short, ", ") + "]"
}
