// Package language answers one question: in which language does somebody read a page? It starts no goroutine and has no
// lock.
package language

import (
	"net/http"
	"slices"
	"strings"
)

// Of is the first language of a browser among those that there are words in, such as "de"; the first of those where it
// asks for none of them. Weights are not read: browsers name what they like best first.
func Of(r *http.Request, known ...string) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		name, _, _ := strings.Cut(part, ";")
		tag, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "-")
		if slices.Contains(known, tag) {
			return tag
		}
	}
	return known[0]
}
