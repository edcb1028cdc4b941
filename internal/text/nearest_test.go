package text

import "testing"

// TestNearest: a slip of the fingers is understood, and what is far from everything is not.
func TestNearest(t *testing.T) {
	words := []string{"status", "serve", "sessions", "on"}
	for s, want := range map[string]string{"statsu": "status", "STATUS": "status", "servee": "serve", "session": "sessions",
		"nonsense": "", "": "", "xy": "", "status": "status"} {
		if got := Nearest(s, words); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
