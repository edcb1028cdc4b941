package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// texts returns what a picture says, and fails if it is not well-formed.
func texts(t *testing.T, picture string) (words []string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(picture)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			words = append(words, strings.ReplaceAll(string(text), "\u00a0", " "))
		}
	}
}

// TestRun records a command: the picture has its lines, whatever they are made of, and plays to its end.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.svg")
	long := strings.Repeat("0123456789", 11)
	if err := run(file, []string{"printf", "%s\n", "1. <a> & b", "   two  spaces", long}); err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	all := "\n" + strings.Join(texts(t, string(picture)), "\n") + "\n"
	for _, want := range []string{"1. <a> & b", "   two  spaces", long[:100], long[100:]} {
		if !strings.Contains(all, "\n"+want+"\n") {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if !strings.Contains(string(picture), `<text class="step" y="13">1. &lt;a&gt;`) {
		t.Errorf("the step has no colour:\n%s", picture)
	}
	if run(file, []string{"false"}) == nil || run(file, nil) == nil {
		t.Error("a command that fails is recorded")
	}
}

// TestPace: no pause is long, no line is missed, and the end stays.
func TestPace(t *testing.T) {
	times, total := pace([]line{{0, "a"}, {time.Minute, "b"}, {time.Minute, "c"}})
	want := []time.Duration{typing + moment, typing + moment + longest, typing + 2*moment + longest}
	for i, at := range want {
		if times[i] != at {
			t.Errorf("line %d at %v, not %v", i, times[i], at)
		}
	}
	if total != want[2]+rest {
		t.Errorf("%v in all", total)
	}
}
