package try

import (
	"strings"
	"testing"
)

// TestCleanOfParts: a server that repeats what it was told, whole, cut off or taken apart, has no token printed, nor what moves
// a cursor.
func TestCleanOfParts(t *testing.T) {
	const head, claims = "eyJhbGciOiJIUzI1NiJ9", "eyJpc3MiOiJhIiwiZXhwIjoxOTAwMDAwMDAwfQ"
	const signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	const token = head + "." + claims + "." + signature
	r := record{of: &person{token: token}}
	for _, s := range []string{"no: " + token + "!", token[:len(token)-3], token[3:], signature, "sig=" + signature + ";",
		strings.ReplaceAll(token, ".", " "), "a\u009b2Jb\x1b[2J\n"} {
		got := r.clean(s)
		if strings.Contains(got, signature[:30]) || strings.Contains(got, claims) || strings.ContainsAny(got, "\u009b\x1b\n") {
			t.Errorf("%q is printed as %q", s, got)
		}
	}
	if got := r.clean("VirtualHost \"eyre.example.com\""); got != "VirtualHost \"eyre.example.com\"" {
		t.Error(got)
	}
}
