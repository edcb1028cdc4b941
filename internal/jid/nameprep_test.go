package jid_test

import (
	"strings"
	"testing"

	"usher/internal/jid"
)

// TestNameprep: what Prosody 0.12 makes of domains; empty: it is refused.
func TestNameprep(t *testing.T) {
	for domain, want := range map[string]string{
		"conference.meet.example.com":          "conference.meet.example.com",
		"Conference.MEET.example.com":          "conference.meet.example.com",
		"ｃｏｎｆｅｒｅｎｃｅ．example.com":               "conference.example.com",
		"straße.example":                       "strasse.example",
		"con\u00adference.example":             "conference.example",
		"КОНФЕРЕНЦИЯ.example":                  "конференция.example",
		"":                                     "",
		"\u00ad":                               "",
		"a\xff.example":                        "",
		"a\u2028b.example":                     "",
		strings.Repeat("x", 1024):              "",
		"a\U0001f600.example":                  "", // not in Unicode 3.2
		strings.Repeat("X", 1020) + "\u00ad.y": strings.Repeat("x", 1020) + ".y",
	} {
		got, err := jid.Nameprep(domain)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", domain, got, err, want)
		}
	}
}
