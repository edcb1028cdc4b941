package setup

import (
	"maps"
	"strings"
	"testing"
)

// TestNeedsLua: where Prosody's Lua has no basexx, a host does not get tokens, and one that has them is told.
func TestNeedsLua(t *testing.T) {
	const program, older = "/usr/bin/prosody", "/usr/share/lua/5.2/basexx.lua"
	for name, c := range map[string]struct {
		more       memory
		hand, note bool // without tokens; with tokens
		lines      string
	}{
		"another machine's program": {memory{}, false, false, ""},
		"no version":                {memory{program: "#!/usr/bin/env lua\n"}, false, false, ""},
		"not there":                 {memory{program: "#!/usr/bin/env lua5.4\n"}, true, true, "apt-get install lua-basexx"},
		"an older Lua's": {memory{program: "#!/usr/bin/env lua5.4\n", older: ""}, true, true,
			"cp /usr/share/lua/5.2/basexx.lua /usr/local/share/lua/5.4/"},
		"Prosody's Lua is older": {memory{program: "#!/usr/bin/lua5.2\n", older: ""}, false, false, ""},
		"by hand": {memory{program: "#!/usr/bin/env lua5.4\n", "/usr/local/share/lua/5.4/basexx.lua": ""},
			false, false, ""},
		"a later package": {memory{program: "#!/usr/bin/env lua5.4\n", "/usr/share/lua/5.4/basexx.lua": ""}, false, false, ""},
	} {
		for _, tokens := range []bool{false, true} {
			files := shapes[len(shapes)-1].files(tokens)
			maps.Copy(files, c.more)
			p := plan(t, files, Options{})
			noted := strings.Contains(strings.Join(p.Notes, "\n"), "module 'basexx' not found")
			if p.Blocked() != (c.hand && !tokens) || noted != (c.note && tokens) || !strings.Contains(show(p), "enable-auto-owner") {
				t.Errorf("%s, tokens %v: blocked %v, noted %v", name, tokens, p.Blocked(), noted)
			}
			if p.Blocked() && !strings.Contains(strings.Join(p.ByHand[0].Lines, "\n"), c.lines) {
				t.Errorf("%s: %q", name, p.ByHand[0].Lines)
			}
		}
	}
}
