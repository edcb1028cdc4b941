// Package names holds that usher reads names of accounts and rooms as real Prosodys of both series do.
package names

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/e2e/prosody"
	"usher/e2e/prosody/prosodytest"
	"usher/internal/jid"
)

// nodeprepAll prints a line for each code point: what Prosody makes of it, in hex. "=" stands for no change, "-" for a
// refusal.
const nodeprepAll = `
local nodeprep = require "util.encodings".stringprep.nodeprep
local function show(s)
	local p = nodeprep(s)
	if p == s then return "=" end
	return p and p:gsub(".", function(c) return ("%02x"):format(c:byte()) end) or "-"
end
io.stdout:setvbuf("full")
for c = 0, 0x10ffff do
	if c < 0xd800 or c > 0xdfff then
		io.write(show(utf8.char(c)), "\n")
	end
end
`

// Whatever name jid.Nodeprep lets pass, Prosody prepares to the very same: else a token for one account would be good
// for another.
func TestNodeprepAgrees(t *testing.T) {
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		var c comparison
		lines := bufio.NewScanner(bytes.NewReader(runLua(t, v, nodeprepAll)))
		for r := rune(0); r <= utf8.MaxRune; r++ {
			if !utf8.ValidRune(r) {
				continue
			}
			if !lines.Scan() {
				t.Fatalf("nothing about %U", r)
			}
			c.add(t, string(r), lines.Text())
		}
		t.Logf("of %d code points both accept %d and refuse %d; Prosody alone accepts %d, of which %d are code "+
			"points that are not in Unicode 3.2",
			c.names, c.both, c.neither, c.stricter, c.unknown)
		if c.different > 0 {
			t.Errorf("%d differ", c.different)
		}
		if c.both < 90_000 {
			t.Errorf("only %d were accepted", c.both)
		}
	})
}

type comparison struct{ names, both, neither, stricter, unknown, different int }

// add compares the two about one name. Being stricter than Prosody is fine.
func (c *comparison) add(t *testing.T, name, theirs string) {
	t.Helper()
	c.names++
	ours, err := jid.Nodeprep(name)
	switch {
	case err != nil && theirs == "-":
		c.neither++
	case err != nil:
		c.stricter++
		if strings.Contains(err.Error(), "Unicode 3.2") {
			c.unknown++
		}
	case theirs == "=" && ours == name:
		c.both++
	case hex.EncodeToString([]byte(ours)) != theirs:
		if c.different++; c.different <= 20 { // more would say no more
			t.Errorf("%+q: ours is %+q, Prosody's %+q", name, ours, decode(name, theirs))
		}
	default:
		c.both++
	}
}

func decode(name, s string) string {
	if s == "=" {
		return name
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return "refused"
	}
	return string(b)
}

// runLua runs a script that sees the C libraries of a Prosody.
func runLua(t *testing.T, v prosody.Version, script string) []byte {
	t.Helper()
	install, err := prosody.Find(v)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "lua5.4", "-e", script)
	cmd.Env = append(os.Environ(), "LUA_PATH="+filepath.Join(install.Library, "?.lua")+";;",
		"LUA_CPATH="+filepath.Join(install.Library, "?.so")+";;")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("lua5.4: %v: %s", err, stderr.String())
	}
	return out
}

// nodeprepLines answers each line of hex with a line as nodeprepAll does.
const nodeprepLines = `
local nodeprep = require "util.encodings".stringprep.nodeprep
for line in io.lines(os.getenv("NAMES")) do
	local s = line:gsub("..", function(h) return string.char(tonumber(h, 16)) end)
	local p = nodeprep(s)
	print(p == s and "=" or p and p:gsub(".", function(c) return ("%02x"):format(c:byte()) end) or "-")
end
`

// strange are the texts that random names are made of: they fold, vanish, compose, change direction, or are younger
// than Unicode 3.2.
var strange = []string{"a", "A", "ß", "ẞ", "ſ", "\u00ad", "\u0308", "\u0345", "Ä", "ﬁ", "İ", "ς", "Σ", "1", "-", "'",
	" ", "[", "%c3", "🚀", "ש", "غ", "ꙮ", "Ꙭ", "\u1df5", "\u200d", "\u1806",
	"٣", "\u05ba", "\u059f", "ｘ", "．", "\u0300", "𞤀", "ࢠ", "\u0591", "가", "\u1112\u1161", "İ", "ΐ", "\u2028", "\ue000"}

// TestRoomNamesAgree: whatever room name a client writes, usher reads it as Prosody does, also with characters that
// Unicode 3.2 does not know.
func TestRoomNamesAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var names []string
	for range 20_000 {
		var name strings.Builder
		for range 1 + r.IntN(4) {
			name.WriteString(strange[r.IntN(len(strange))])
		}
		names = append(names, name.String())
	}
	file := filepath.Join(t.TempDir(), "names")
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%x\n", name)
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NAMES", file)
	prosodytest.Each(t, func(t *testing.T, v prosody.Version) {
		answers := strings.Split(strings.TrimSuffix(string(runLua(t, v, nodeprepLines)), "\n"), "\n")
		if len(answers) != len(names) {
			t.Fatalf("%d answers", len(answers))
		}
		same, different := 0, 0
		for i, name := range names {
			ours, err := jid.NodeprepQuery(name)
			switch theirs := decode(name, answers[i]); {
			case err != nil && (answers[i] == "-" || theirs == ""), err == nil && ours == theirs:
				same++
			default:
				if different++; different <= 20 {
					t.Errorf("%+q: ours is %+q (%v), Prosody's %+q", name, ours, err, theirs)
				}
			}
		}
		t.Logf("of %d names %d are read alike", len(names), same)
		if different > 0 {
			t.Errorf("%d differ", different)
		}
	})
}
