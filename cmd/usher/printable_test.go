package main

import "testing"

// TestPrintable: nothing that a token or a file says moves the cursor, begins a line, or turns the order of a line round.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"stand-up, räksmörgås, 🚀, שלום": "stand-up, räksmörgås, 🚀, שלום",
		"a\x1b]0;title\a\r\n\u009b2J":   "a?]0;title????2J",
		"gnp\u202eexe, \u2066x\u2069":   "gnp?exe, ?x?",
		"one\u2028two\u2029three\u0085": "one?two?three?",
	} {
		if got := printable(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}
