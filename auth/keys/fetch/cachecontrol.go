package fetch

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DefaultFresh is how long a document counts as fresh if its server says nothing
// of it.
const DefaultFresh = time.Hour

// The bounds of what it may say.
const (
	minFresh = time.Minute
	maxFresh = 24 * time.Hour
)

// freshFor returns how long a response stays fresh by its Cache-Control and
// Age (RFC 9111 sections 4.2.3 and 5.2.2), from minFresh to maxFresh.
func freshFor(h http.Header) time.Duration {
	seconds, known := maxAge(strings.Join(h.Values("Cache-Control"), ","))
	if !known {
		return DefaultFresh
	}
	if age, ok := deltaSeconds(h.Get("Age")); ok {
		seconds -= age // a shared cache has held it for so long already
	}
	return min(max(time.Duration(seconds)*time.Second, minFresh), maxFresh)
}

// maxAge returns the freshness lifetime in seconds, if there is one. Of two,
// the shorter counts; one that is no number counts as stale (section 4.2.1).
func maxAge(header string) (seconds int64, known bool) {
	for name, value := range directives(header) {
		switch name {
		case "no-store", "no-cache":
			return 0, true
		case "max-age":
			age, _ := deltaSeconds(value)
			if !known || age < seconds {
				seconds, known = age, true
			}
		}
	}
	return seconds, known
}

// directives yields the names, in lower case, and the values of a
// Cache-Control header, unquoted (RFC 9111 section 5.2).
func directives(header string) func(yield func(name, value string) bool) {
	return func(yield func(string, string) bool) {
		for rest := header; rest != ""; {
			var directive string
			directive, rest = cutDirective(rest)
			name, value, _ := strings.Cut(directive, "=")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			if !yield(strings.ToLower(strings.TrimSpace(name)), value) {
				return
			}
		}
	}
}

// cutDirective cuts at the first comma outside a quoted string (RFC 9110
// section 5.6.4).
func cutDirective(s string) (directive, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// deltaSeconds reads a number of seconds. One that is too large is 2^31, as
// RFC 9111 section 1.2.2 has it.
func deltaSeconds(s string) (int64, bool) {
	const most = 1 << 31
	if s = strings.TrimSpace(s); s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > most {
		return most, true
	}
	return n, true
}
