package prosodyconf

import (
	"fmt"
	"strings"
)

// Quote makes a Lua string of any bytes, for every version of Lua: its escapes
// are fewer than Go's.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// List makes a Lua table of strings.
func List(items []string) string {
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = Quote(item)
	}
	return "{ " + strings.Join(quoted, ", ") + " }"
}
