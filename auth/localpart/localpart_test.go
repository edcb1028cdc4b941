package localpart

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"usher/internal/jid"
)

// FuzzLocalpart holds two properties: Prosody's own preparation changes no
// account that is let in, and no account is another's in disguise.
func FuzzLocalpart(f *testing.F) {
	for _, s := range []string{"alice", "User Name", `user\40gmail.com`, `a\2Fb`, `a\5c2fb`, "ａｄｍｉｎ", "ⓐdmin", "adm\u00adin", "Иван", "\u212a", "ſ", "Γιώργος", "a\tb", " a", "ß", "İ"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, name string, unicodeAllowed bool) {
		account, err := localpart(name, unicodeAllowed)
		if err != nil {
			if account != "" && !strings.Contains(err.Error(), "bytes") {
				t.Errorf("%q: %q with error %v", name, account, err)
			}
			return
		}
		if prepared, err := jid.Nodeprep(account); err != nil || prepared != account {
			t.Errorf("%q: nodeprep makes %q of %q (%v)", name, prepared, account, err)
		}
		raw := jid.Unescape(account)
		if jid.Escape(raw) != account {
			t.Errorf("%q: %q does not survive the door: %q", name, account, jid.Escape(raw))
		}
		if strings.ContainsFunc(raw, unicode.IsControl) {
			t.Errorf("%q: control character in %q", name, raw)
		}
		if !equalButCase(raw, name) {
			t.Errorf("%q became %q", name, raw)
		}
		if jid.IsASCII(account) && !jid.IsASCII(name) {
			t.Errorf("%q became ASCII: %q", name, account)
		}
	})
}

// TestLookalikes tries each code point alone and inside a name: what is let
// in is the same letter in another case, and never turns into ASCII.
func TestLookalikes(t *testing.T) {
	accepted := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		account, err := localpart("adm"+string(r)+"in", true)
		if err != nil {
			continue
		}
		accepted++
		if jid.IsASCII(account) || !equalButCase(account, "adm"+string(r)+"in") {
			t.Fatalf("U+%04X: %q", r, account)
		}
	}
	t.Logf("%d code points accepted", accepted)
	if accepted < 40000 {
		t.Errorf("only %d code points accepted", accepted)
	}
}

// TestRandomAccounts: none begins with - or _, which a shell's commands take for an option.
func TestRandomAccounts(t *testing.T) {
	for range 10_000 {
		if name := Random(); !regexp.MustCompile(`^[a-z2-7]{26,}$`).MatchString(name) {
			t.Fatalf("drawn: %q", name)
		}
	}
}
