package main

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/cmd/usher/cmdline"
)

// TestHelpFits: the help of every command fits 80 columns, the examples in it as well.
func TestHelpFits(t *testing.T) {
	paths := append(leaves(newApp().Commands, nil), nil, []string{"lobby"})
	for _, path := range paths {
		var out, complaint strings.Builder
		line := slices.Concat([]string{"usher"}, path, []string{"--help"})
		if code := cmdline.Run(newApp(), line, strings.NewReader(""), &out, &complaint); code != 0 {
			t.Errorf("%v: exit %d: %s", line, code, complaint.String())
		}
		if !strings.Contains(out.String(), "NAME:\n   usher") {
			t.Errorf("%v prints\n%s", line, out.String())
		}
		for l := range strings.Lines(out.String()) {
			l = strings.TrimRight(l, "\n")
			if utf8.RuneCountInString(l) > 80 {
				t.Errorf("%v: %d columns: %s", line, utf8.RuneCountInString(l), l)
			}
		}
	}
}
