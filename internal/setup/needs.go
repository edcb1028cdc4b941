package setup

import (
	"regexp"
	"slices"
	"strings"
)

// basexx is what Jitsi's modules for tokens need of Lua, and Debian has for older Luas only than its Prosody's.
const basexx = "basexx.lua"

var luaVersion = regexp.MustCompile(`^#!.*\blua(5\.[1-9])\b`)

// needLua sees that Prosody's Lua finds basexx. Without it Prosody starts, and nobody can log in. Where the host has
// tokens already, it may be in a place that is not known here.
func (m *maker) needLua() {
	version := m.prosodyLua()
	if version == "" || m.hasLua("/usr/local/share/lua/"+version) || m.hasLua("/usr/share/lua/"+version) {
		return
	}
	const why = "Jitsi's token modules need basexx (Debian's lua-basexx), which Prosody's Lua does not find in "
	at := "/usr/local/share/lua/" + version
	if m.facts.tokens {
		m.plan.note(why+"%s: if Prosody's log says \"module 'basexx' not found\", put it there.", at)
		return
	}
	lines := []string{"mkdir -p " + at, "cp /usr/share/lua/5.2/" + basexx + " " + at + "/"}
	if !m.hasLua("/usr/share/lua/5.2") {
		lines = slices.Insert(lines, 0, "apt-get install lua-basexx")
	}
	m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Prosody, Where: at,
		Why: why + at + ": nobody could log in", Lines: lines})
}

// prosodyLua is the version in the first line of Prosody's program, or "".
func (m *maker) prosodyLua() string {
	program, _, err := m.files.Read("/usr/bin/prosody")
	first, _, _ := strings.Cut(program.Text, "\n")
	found := luaVersion.FindStringSubmatch(first)
	if err != nil || found == nil {
		return ""
	}
	return found[1]
}

func (m *maker) hasLua(folder string) bool { return slices.Contains(m.files.List(folder), basexx) }
