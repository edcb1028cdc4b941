package hunks

import (
	"slices"
	"strings"
)

// context is how many lines around a change are shown, and help to find it again.
const context = 3

// A Hunk is one run of lines that was replaced.
type Hunk struct {
	Old    []string `json:"old"`    // what stood there; empty: lines were only added
	New    []string `json:"new"`    // what stands there now
	Before []string `json:"before"` // up to three lines before, as they are in the new text
	After  []string `json:"after"`
	OldAt  int      `json:"old_at"` // index of the first line, from 0
	NewAt  int      `json:"new_at"`
}

// Lines splits a text into lines that keep their ends, so that joined they are the text.
func Lines(text string) []string {
	return slices.Collect(strings.Lines(text))
}

// Diff returns what makes now out of was, from top to bottom.
func Diff(was, now string) []Hunk {
	a, b := Lines(was), Lines(now)
	var list []Hunk
	for _, m := range changes(a, b) {
		list = append(list, Hunk{
			Old: clone(a[m.a0:m.a1]), New: clone(b[m.b0:m.b1]), OldAt: m.a0, NewAt: m.b0,
			Before: clone(b[max(0, m.b0-context):m.b0]), After: clone(b[m.b1:min(len(b), m.b1+context)]),
		})
	}
	return list
}

func clone(lines []string) []string { return append([]string{}, lines...) }

// maxCompared bounds the pairs of lines that are compared, and the memory for them: beyond it all lines between the
// common beginning and the common end are one change.
const maxCompared = 4 << 20

type change struct{ a0, a1, b0, b1 int }

// changes finds the runs of lines that are not in both, by the longest common subsequence of what is left between the
// common beginning and the common end.
func changes(a, b []string) []change {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	if n, m := len(a)-tail-head, len(b)-tail-head; n > 0 && m > 0 && n*m > maxCompared {
		return []change{{head, len(a) - tail, head, len(b) - tail}}
	}
	length := common(a[head:len(a)-tail], b[head:len(b)-tail])
	var list []change
	i, j := head, head
	for i < len(a)-tail || j < len(b)-tail {
		if i < len(a)-tail && j < len(b)-tail && a[i] == b[j] {
			i, j = i+1, j+1
			continue
		}
		c := change{a0: i, b0: j}
		for (i < len(a)-tail || j < len(b)-tail) && !(i < len(a)-tail && j < len(b)-tail && a[i] == b[j]) {
			if j >= len(b)-tail || i < len(a)-tail && length[i-head+1][j-head] >= length[i-head][j-head+1] {
				i++
			} else {
				j++
			}
		}
		c.a1, c.b1 = i, j
		list = append(list, c)
	}
	return list
}

// common returns the lengths of the longest common subsequences of all ends of a and b.
func common(a, b []string) [][]int {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	return length
}
