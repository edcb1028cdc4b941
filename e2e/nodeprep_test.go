package e2e

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"usher/auth"
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
		t.Logf("of %d code points both accept %d and refuse %d; Prosody alone accepts %d, of which %d are code points that are not in Unicode 3.2",
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
	cmd.Env = append(os.Environ(), "LUA_PATH="+filepath.Join(install.Library, "?.lua")+";;", "LUA_CPATH="+filepath.Join(install.Library, "?.so")+";;")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("lua5.4: %v: %s", err, stderr.String())
	}
	return out
}
