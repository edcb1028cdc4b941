package prosody

import (
	"fmt"
	"strings"
)

// storeName is the name under which Prosody's file storage keeps a host or a user: all but ASCII letters and digits
// as %xx of each byte.
func storeName(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02x", c)
	}
	return b.String()
}
