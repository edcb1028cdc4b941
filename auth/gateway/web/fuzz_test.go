package web

import (
	"strings"
	"testing"
)

// FuzzQuestion holds: what was decided about is what Prosody's module reads, by its own
// rules, in the query that goes on.
func FuzzQuestion(f *testing.F) {
	for _, q := range []string{"room=a&prefix=b", "room=a&&=room=b&room", "r%6fom=a+b%zz&room==c", "domain=d&subdomain=&room=%5Bx%5D"} {
		f.Add(q, true)
		f.Add(q, false)
	}
	f.Fuzz(func(t *testing.T, query string, info bool) {
		path := RoomSizePath
		if info {
			path = RoomInfoPath
		}
		asked := read(path, query)
		goesOn := asked.query()
		if again := read(path, goesOn); again != asked {
			t.Fatalf("%q is %+v, and %q, which goes on, %+v", query, asked, goesOn, again)
		}
		if info {
			return
		}
		lua := map[string]string{} // for k, v in q:gmatch("([^=&]+)=([^&]*)")
		for pair := range strings.SplitSeq(goesOn, "&") {
			if key, value, found := strings.Cut(strings.TrimLeft(pair, "="), "="); found {
				lua[key] = value
			}
		}
		if lua["room"] != asked.name || lua["subdomain"] != asked.tenant || lua["domain"] != asked.domain {
			t.Fatalf("%q goes on as %q, which is %v, not %+v", query, goesOn, lua, asked)
		}
	})
}
