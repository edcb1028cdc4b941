package cmdline

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestWriteJSON: a name does nothing to the terminal that it is shown on, and is the same for a program.
func TestWriteJSON(t *testing.T) {
	name := "a\x1b[2J\u009b2Jb\x7f\u202eäé\U0001f600\n<&>"
	var out bytes.Buffer
	if err := WriteJSON(&out, []string{name}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\x7f\u009b\u202e") || strings.Count(out.String(), "\n") != 1 ||
		!strings.Contains(out.String(), "äé\U0001f600") {
		t.Errorf("%q", out.String())
	}
	var back []string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[0] != name {
		t.Errorf("%q, %v", back, err)
	}
}
