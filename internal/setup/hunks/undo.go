package hunks

import (
	"slices"
	"strings"
)

// Undo takes hunks back from a text. ok is false, and nothing is taken back, if the lines of one of them are no longer
// there, or are there more than once and what stands around them does not tell which are meant.
func Undo(text string, list []Hunk) (was string, ok bool) {
	lines := Lines(text)
	for _, h := range slices.Backward(list) { // from the bottom, so that the places above stay right
		at := find(lines, h)
		if at < 0 {
			return "", false
		}
		lines = slices.Replace(lines, at, at+len(h.New), h.Old...)
	}
	return strings.Join(lines, ""), true
}

// find returns where a hunk's new lines are, or -1.
func find(lines []string, h Hunk) int {
	if len(h.New) == 0 {
		return -1
	}
	var places []int
	for at := 0; at+len(h.New) <= len(lines); at++ {
		if equal(lines[at:at+len(h.New)], h.New) {
			places = append(places, at)
		}
	}
	if len(places) > 1 {
		places = slices.DeleteFunc(places, func(at int) bool { return !around(lines, at, h) })
	}
	if len(places) != 1 {
		return -1
	}
	return places[0]
}

// around reports whether what stands before and after a place is what stood before and after the hunk.
func around(lines []string, at int, h Hunk) bool {
	before, after := at-len(h.Before), at+len(h.New)+len(h.After)
	return before >= 0 && after <= len(lines) && equal(lines[before:at], h.Before) &&
		equal(lines[at+len(h.New):after], h.After)
}

// equal compares lines but for the ends that Windows gives them: Jitsi's own files mix both, and many editors save one.
func equal(a, b []string) bool {
	return slices.EqualFunc(a, b, func(a, b string) bool { return unix(a) == unix(b) })
}

func unix(line string) string {
	if text, ok := strings.CutSuffix(line, "\r\n"); ok {
		return text + "\n"
	}
	return line
}
