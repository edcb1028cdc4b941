package check

import (
	"strings"
	"testing"
)

// TestLines: whatever parts they come in lines go on whole, and of one without an end no more is kept than the bound.
func TestLines(t *testing.T) {
	var out strings.Builder
	l := &lines{out: &out}
	for _, step := range []struct{ in, out string }{
		{"", ""}, {"a", ""}, {"b\nc", "ab\n"}, {"\n\nd\ne", "ab\nc\n\nd\n"},
	} {
		if n, err := l.Write([]byte(step.in)); n != len(step.in) || err != nil || out.String() != step.out {
			t.Errorf("%q: %d, %v, %q", step.in, n, err, out.String())
		}
	}
	if err := l.end(); err != nil || out.String() != "ab\nc\n\nd\ne" {
		t.Errorf("at the end: %v, %q", err, out.String())
	}
	part := []byte(strings.Repeat("x", 1000))
	for range 1000 {
		if _, err := l.Write(part); err != nil || len(l.rest) > mostLine {
			t.Fatalf("%d bytes are kept, %v", len(l.rest), err)
		}
	}
	if err := l.end(); err != nil || strings.Count(out.String(), "x") != 1000*len(part) {
		t.Errorf("%v, %d bytes went on", err, out.Len())
	}
}
