package jid_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"usher/internal/jid"
)

// claims is what a room claim opens: texts that read the same, and no others.
var claims = []struct {
	claim string
	opens []string
	write string // what to write instead of what opens nothing
}{
	{"Standup", []string{"standup"}, ""},
	{"%73tandup", []string{"%73tandup"}, ""},
	{"R%C3%A4k", []string{"r%c3%a4k"}, ""},
	{"Räksmörgås", []string{"räksmörgås", "r%c3%a4ksm%c3%b6rg%c3%a5s"}, ""},
	{"Ra\u0308ksmo\u0308rga\u030as", []string{"räksmörgås", "r%c3%a4ksm%c3%b6rg%c3%a5s"}, ""},
	{"Straße", []string{"stra%c3%9fe"}, ""},
	{"strasse", []string{"strasse"}, ""},
	{"STRASSE", []string{"strasse"}, ""},
	{"ẞ", []string{"%c3%9f"}, ""},
	{"co\u00adop", []string{"co%c2%adop"}, ""},
	{"Hello!", []string{"hello!"}, ""},
	{"[acme]board", []string{"[acme]board", "%5bacme%5dboard"}, ""},
	{"me & you", []string{"me%20%26%20you"}, ""},
	{"me+you", []string{"me+you", "me%2byou"}, ""},
	{"50%off", []string{"50%off", "50%25off"}, ""},
	{"100%41", []string{"100%41"}, ""},
	{"100%", []string{"100%", "100%25"}, ""},
	{"ｓｔａｎｄｕｐ", nil, "standup"},
	{"ﬁsh", nil, "fish"},
	{"Ⅷ", nil, "VIII"},
	{"\u212a", nil, ""}, // the Kelvin sign: its NFC is K already, so that it is K
	{"İstanbul", []string{"i̇stanbul", "i%cc%87stanbul"}, ""},
	{"ΟΔΟΣ", []string{"%ce%bf%ce%b4%ce%bf%cf%82"}, ""},
	{"a/b", []string{"a%2fb"}, ""},
	{"Team 🚀", []string{"team%20%f0%9f%9a%80"}, ""},
	{"🚀", []string{"🚀", "%f0%9f%9a%80"}, ""},
	{"שלום1", []string{"%d7%a9%d7%9c%d7%95%d7%9d1"}, ""}, // a digit at the end, so no localpart as it is
	{"שלום", []string{"שלום", "%d7%a9%d7%9c%d7%95%d7%9d"}, ""},
	{"2غرفة", []string{"2%d8%ba%d8%b1%d9%81%d8%a9"}, ""},
	{"ꙮꞌ", []string{"ꙮꞌ", "%ea%99%ae%ea%9e%8c"}, ""}, // letters younger than Unicode 3.2
	{"it's", nil, ""},
	{"a%20b c", nil, ""},
	{"", nil, ""},
	{"a\xffb", nil, ""},
	{"7", []string{"7"}, ""},
	{"[Acme]Räk", []string{"[acme]räk", "[acme]r%c3%a4k", "%5bacme%5dr%c3%a4k"}, ""},
	{"[straße]x", []string{"%5bstra%c3%9fe%5dx"}, ""}, // names no tenant
	{strings.Repeat("x", 1024), nil, ""},
	{strings.Repeat("ä", 400), []string{strings.Repeat("ä", 400)}, ""}, // encoded it is too long
}

func TestReadClaim(t *testing.T) {
	for _, row := range claims {
		c, err := jid.ReadClaim(row.claim)
		if row.claim == "\u212a" {
			row.opens = []string{"k"}
		}
		if got := c.Names(); !same(got, row.opens) || (err == nil) != (row.opens != nil) {
			t.Errorf("%q opens %q, %v, want %q", row.claim, got, err, row.opens)
		}
		for _, local := range row.opens {
			if !c.Opens(jid.SplitRoom(local)) {
				t.Errorf("%q does not open %q", row.claim, local)
			}
		}
		if bad, ok := errors.AsType[*jid.SpellingError](err); ok != (row.opens == nil) || ok && bad.Write != row.write {
			t.Errorf("%q: %v, want to be told to write %q", row.claim, err, row.write)
		}
	}
}

func same(a, b []string) bool {
	set := map[string]bool{}
	for _, s := range b {
		set[s] = true
	}
	for _, s := range a {
		if !set[s] {
			return false
		}
		delete(set, s)
	}
	return len(set) == 0
}

// TestTenants: a claim without a tenant is compared with what follows it, one with a tenant with all of it.
func TestTenants(t *testing.T) {
	for _, row := range []struct {
		claim, local string
		want         bool
	}{
		{"board", "[acme]board", true},
		{"board", "[acme][x]board", false},
		{"[x]board", "[acme][x]board", false},
		{"[acme]board", "[acme]board", true},
		{"[acme]board", "[other]board", false},
		{"[acme]board", "board", false},
		{"[acme]", "[acme]", true}, // no tenant, as nothing follows
		{"[acme]", "[x][acme]", true},
		{"[]x", "[]x", true},
		{"[acme]board", "[x]%5bacme%5dboard", false},
		{"[strasse]board", "[stra%c3%9fe]board", false},
	} {
		c, err := jid.ReadClaim(row.claim)
		if got := c.Opens(jid.SplitRoom(row.local)); got != row.want || err != nil {
			t.Errorf("%q and %q: %v, %v", row.claim, row.local, got, err)
		}
	}
	for sub, want := range map[string]string{"Acme": "acme", "acme_com": "acme_com", "straße": "", "Straße": "", "münchen": "münchen", "MÜNCHEN": "münchen",
		"": "", "ａｃｍｅ": "", "ac\u00adme": "", "\u212a": "", "ſ": "", "ΟΔΟΣ": "οδοσ", "οδος": "", "İ": "", "%c3%9f": "%c3%9f"} {
		if got, err := jid.Tenant(sub); got != want || (err == nil) != (want != "") {
			t.Errorf("sub %q names %q, %v, want %q", sub, got, err, want)
		}
	}
	if _, err := jid.Tenant("Straße"); err == nil || !strings.Contains(err.Error(), `"strasse"`) {
		t.Errorf("what to write is not said: %v", err)
	}
}

// sameText is what two claims that open one room have in common: a text, or a text and its own encoding.
func sameText(claim string) string {
	s, _ := jid.Spell(claim)
	if s.Encoded != "" {
		return s.Encoded
	}
	return s.Plain
}

// alphabet is where rules differ: letters that fold, drop, compose, change direction, or are younger than Unicode 3.2.
var alphabet = []string{"a", "A", "s", "ss", "S", "ß", "ẞ", "ſ", "%", "%73", "%c3", "%9f", "%C3%9F", "\u00ad", "\u0308", "ä", "Ä", "ﬁ", "fi", "i", "I", "İ", "ı", "K", "\u212a",
	"ς", "Σ", "σ", "1", "-", "'", " ", "&", "[", "]", "[a]", "🚀", "ש", "غ", "ꙮ", "Ꙭ", "\u0345", "\u1e9e", "ǆ", "ǅ", "\u2f868", "４", ".", "\u200d", "\u1806", "\u0149", "ΐ", "\u03b9\u0308\u0301"}

func randomText(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// TestClaimsApart tries a million texts: two open one room only if they are the same in small letters, or one is the other's
// encoding, and no room that Prosody can call by a name is opened by what folds or decodes to it.
func TestClaimsApart(t *testing.T) {
	n := 300_000
	if testing.Short() {
		n = 50_000
	}
	r := rand.New(rand.NewPCG(1, 2))
	by := map[string]string{} // localpart → what opens it
	opened := 0
	for range n {
		claim := randomText(r)
		c, err := jid.ReadClaim(claim)
		if err != nil {
			continue
		}
		for _, local := range c.Names() {
			opened++
			if jid.SplitRoom(claim).Tenant != "" {
				continue
			}
			text := sameText(claim)
			if other, there := by[local]; there && other != text {
				t.Fatalf("%q is opened by %q (%q) and by %q", local, claim, text, other)
			}
			by[local] = text
		}
	}
	t.Logf("%d localparts of %d texts, %d different", opened, n, len(by))
	if len(by) < n/10 {
		t.Errorf("only %d were opened", len(by))
	}
}

// FuzzClaim: what a claim opens Prosody leaves as it is, and a name that Prosody leaves as it is is opened by itself, but for
// one that is written with compatibility characters, or with capitals and accents that only a later Unicode has: those are opened by "*".
func FuzzClaim(f *testing.F) {
	for _, row := range claims {
		f.Add(row.claim)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := jid.ReadClaim(text)
		for _, local := range c.Names() {
			if jid.SplitRoom(local).Tenant != "" { // made by Jitsi's mapper of two parts
				continue
			}
			if prepared, err := jid.NodeprepQuery(local); err != nil || prepared != local {
				t.Errorf("%q opens %q, of which Prosody makes %q, %v", text, local, prepared, err)
			}
		}
		prepared, badName := jid.NodeprepQuery(text)
		bad, refused := errors.AsType[*jid.SpellingError](err)
		// Of what Unicode 3.2 does not know Prosody neither makes small letters nor sorts the accents.
		normal := cases.Lower(language.Und).String(text) == text && norm.NFC.IsNormalString(text)
		if badName == nil && normal && prepared == text && !c.Opens(jid.SplitRoom(text)) && (!refused || bad.Write == "" || bad.Write == text) {
			t.Errorf("%q is a room, and does not open itself: %q, %v", text, c.Names(), err)
		}
	})
}

// TestDecode: a name is decoded only if it is the encoding of the result, and of nothing else.
func TestDecode(t *testing.T) {
	for name, want := range map[string]string{
		"r%c3%a4k": "räk", "stra%c3%9fe": "straße", "co%c2%adop": "co\u00adop", "team%20%f0%9f%9a%80": "team 🚀", "50%25off": "50%off", "a%2fb": "a/b",
		"%73tandup": "", "standup": "", "100%2541": "", "%41": "", "%ef%bc%a1": "", "%c3": "", "%ff": "", "r%C3%A4k": "", "a%cc%88": "", "%e1%ba%9e": "", "50%off": "",
	} {
		text, ok := jid.Decode(name)
		if ok != (want != "") || ok && text != want {
			t.Errorf("%q: %q, %v, want %q", name, text, ok, want)
		}
	}
}

// TestNodeprepQuery: code points that Unicode 3.2 does not know stay as they are, and combine with nothing.
func TestNodeprepQuery(t *testing.T) {
	for name, want := range map[string]string{
		"Standup": "standup", "A🚀B": "a🚀b", "Ꙭ": "Ꙭ", "straße": "strasse", "a\u1df5\u0308": "a\u1df5\u0308", "it's": "", "": "", "\u00ad": "", "\xff": "",
		"שלום1": "", "a b": "", strings.Repeat("x", 1023): strings.Repeat("x", 1023), strings.Repeat("x", 1024): "", "\U0002f868": "",
	} {
		if got, err := jid.NodeprepQuery(name); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", name, got, err, want)
		}
	}
	if _, err := jid.Nodeprep("a🚀"); err == nil {
		t.Error("an account may have what Unicode 3.2 does not know")
	}
}

func TestEscape(t *testing.T) {
	for plain, escaped := range map[string]string{"user@gmail.com": `user\40gmail.com`, `a\20b`: `a\5c20b`, "a b": `a\20b`, `a\b`: `a\b`, "alice": "alice"} {
		if got := jid.Escape(plain); got != escaped || jid.Unescape(got) != plain {
			t.Errorf("%q: %q, and back %q", plain, got, jid.Unescape(got))
		}
	}
}

func BenchmarkClaim(b *testing.B) {
	room := jid.SplitRoom("[acme]standup")
	for _, claim := range []string{"standup", "Standup", "Räksmörgås", "me & you"} {
		b.Run(claim, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, _ := jid.ReadClaim(claim)
				c.Opens(room)
			}
		})
	}
}

// TestOddNames: the character that is in the way is called what people call it.
func TestOddNames(t *testing.T) {
	for name, want := range map[string]string{
		"it's": "an apostrophe", "a b": "a space", "a@b": "the character @", "a\tb": "the character U+0009", "a\ue000": "the character U+E000",
	} {
		if _, err := jid.Nodeprep(name); err == nil || !strings.HasSuffix(err.Error(), ": no name may have "+want) {
			t.Errorf("%q: %v, want %s", name, err, want)
		}
	}
}
