package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestPrintable: nothing that a token or a file says moves the cursor, begins a line, or turns the order of a line round.
func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"stand-up, räksmörgås, 🚀, שלום": "stand-up, räksmörgås, 🚀, שלום",
		"a\x1b]0;title\a\r\n\u009b2J":   "a?]0;title????2J",
		"gnp\u202eexe, \u2066x\u2069":   "gnp?exe, ?x?",
		"one\u2028two\u2029three\u0085": "one?two?three?",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 50 * time.Second: "50s", 5 * time.Minute: "5m", 8 * time.Hour: "8h", 90 * time.Minute: "1h30m",
		time.Hour + time.Second: "1h0m1s", 10 * time.Hour: "10h", 20 * time.Minute: "20m"} {
		if got := Duration(d); got != want {
			t.Errorf("%d became %s, want %s", d, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	long := strings.Repeat("é", 41) // 82 bytes
	for in, want := range map[string]string{"": "", "short": "short", long[:80]: long[:80], long: long[:80] + "…", "a" + long: "a" + long[:78] + "…"} {
		if got := Clip(in); got != want || !utf8.ValidString(got) {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := ClipTo("abcdef", 3); got != "abc…" {
		t.Errorf("%q", got)
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 hosts", 1: "1 host", 2: "2 hosts"} {
		if got := Plural(n, "host"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// TestName: of a long name the beginning is shown, up to a whole character.
func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"":                               "",
		strings.Repeat("n", 64):          strings.Repeat("n", 64),
		strings.Repeat("n", 65):          strings.Repeat("n", 64) + "…",
		strings.Repeat("n", 63) + "ää":   strings.Repeat("n", 63) + "…",
		strings.Repeat("n", 63) + "\xff": strings.Repeat("n", 63) + "\xff",
		strings.Repeat("\xbf", 65):       strings.Repeat("\xbf", 60) + "…", // no text at all: no whole character is looked for
	} {
		if got := Name(name); got != want {
			t.Errorf("%q is shown as %q", name, got)
		}
		if got := Name([]byte(name)); got != want {
			t.Errorf("the bytes %q are shown as %q", name, got)
		}
	}
}

func TestFirst(t *testing.T) {
	list := []string{"a", "b", "c", "d"}
	for most, want := range map[int]string{5: "a, b, c, d", 4: "a, b, c, d", 3: "a, b, c, and 1 more", 1: "a, and 3 more", 0: "and 4 more"} {
		if got := strings.Join(First(list, most), ", "); got != want {
			t.Errorf("%d of them: %s", most, got)
		}
	}
	if list[3] != "d" || list[1] != "b" {
		t.Errorf("the list has become %q", list)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 1023: "1023 bytes", 1536: "1.5 KiB", 16 << 20: "16.0 MiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// TestWithoutLinks: a help that leads to pages names them where nobody can follow a link.
func TestWithoutLinks(t *testing.T) {
	for help, want := range map[string]string{
		"compare `login`: [sign-in.md](sign-in.md)":              "compare `login`: docs/sign-in.md",
		"[jitsi.md](jitsi.md#guests), [rooms.md](rooms.md)":      "docs/jitsi.md, docs/rooms.md",
		"a [ticket](doors.md#tickets) that was used":             "a ticket (docs/doors.md) that was used",
		"name `[acme]*` or \"[acme](x)\"; see https://a.example": "name `[acme]*` or \"[acme](x)\"; see https://a.example",
		"": "",
	} {
		if got := WithoutLinks(help); got != want {
			t.Errorf("%q: %q, not %q", help, got, want)
		}
	}
}
