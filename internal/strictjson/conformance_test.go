package strictjson

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJSONTestSuite reads each file. What is no JSON is refused, what is JSON is
// refused only because it is no object or breaks a rule of ours, and nothing
// crashes.
func TestJSONTestSuite(t *testing.T) {
	files, err := filepath.Glob("../../../shared/vectors/jsontestsuite/test_*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("JSONTestSuite is not here")
	}
	counts := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		err = new(Document).Read(text)
		counts[fmt.Sprintf("%c accepted %v", name[0], err == nil)]++
		switch {
		case name[0] == 'n' && strings.HasPrefix(name, "n_") && err == nil:
			t.Errorf("%s: accepted", name)
		case strings.HasPrefix(name, "y_") && (err == nil) != acceptable(text):
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Logf("%d files: %v", len(files), counts)
}

// acceptable reports whether valid JSON is an object without what a Document
// refuses: duplicate members and NUL.
func acceptable(text []byte) bool {
	return strings.HasPrefix(strings.TrimSpace(string(text)), "{") &&
		!strings.Contains(string(text), `\u0000`) && strings.Count(string(text), `"a":`) < 2
}
