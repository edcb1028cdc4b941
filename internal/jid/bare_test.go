package jid

import (
	"strings"
	"testing"
)

func TestPrepare(t *testing.T) {
	for in, want := range map[string]string{
		"alice@example.org":               "alice@example.org",
		"Alice@Example.ORG":               "alice@example.org",
		"rec.example.org":                 "rec.example.org",
		"Rec.Example.org":                 "rec.example.org",
		"":                                "",
		"@example.org":                    "",
		"alice@":                          "",
		"a b@example.org":                 "",
		"alice@b@example.org":             "",
		"alice@example.org/phone":         "",
		"alice@-example.org":              "",
		"a." + strings.Repeat("b", 64):    "",
		strings.Repeat("a.", 126) + "abc": "",
	} {
		got, err := Prepare(in)
		if got != want || (err == nil) == (want == "") {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	_, err := Prepare("a\u202eb@" + strings.Repeat("x", 100))
	want := `"a?b@` + strings.Repeat("x", 74) + `…" is neither a bare JID (user@host) nor a host`
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// FuzzPrepare: what is prepared is left alone when it is prepared again.
func FuzzPrepare(f *testing.F) {
	for _, s := range []string{"alice@example.org", "Ａ@b", "x@y@z", "a\u00adb@c", "ÄÖ@h", "h", "", "@"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := Prepare(s)
		if err != nil {
			if once != "" {
				t.Fatalf("%q with %v", once, err)
			}
			return
		}
		if twice, err := Prepare(once); err != nil || twice != once {
			t.Fatalf("%q became %q, and that %q, %v", s, once, twice, err)
		}
	})
}
