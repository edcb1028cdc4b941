package notify

import (
	"regexp"
	"strings"
	"testing"
)

// links finds what clients take for a link: by its scheme, or as the name of a host alone.
var links = regexp.MustCompile(`(?i)(https?|xmpp|mailto):[^\s\x{2060}]|//[^\s\x{2060}]|[a-z0-9]\.[a-z]{2,}|[^\s]@[^\s\x{2060}]`)

// TestNamesAreNoLinks: a message has one link, the last thing in it, whatever a stranger calls itself; and it reads as it
// was typed.
func TestNamesAreNoLinks(t *testing.T) {
	const link = "https://console.example.com/enter#x"
	for _, name := range []string{"Bob", "Dr. No", "https://evil.example/enter#y", "open evil.example now", "a@evil.example", "xmpp:evil?join",
		"\n" + link, "x\" waits. To decide, open //evil", "", "ليلى.evil.com"} {
		k := aKnock{room: "r", jid: "g", nick: name}
		said := k.withLink(link)
		before, found := strings.CutSuffix(said, "\n"+link)
		if !found || links.MatchString(before) || strings.Contains(before, "\n") {
			t.Errorf("%q: %q", name, said)
		}
		plain := strings.ReplaceAll(before, string(wordJoiner), "")
		if !strings.ContainsAny(name, "\n\"") && name != "" && !strings.Contains(plain, name) {
			t.Errorf("%q reads %q", name, plain)
		}
	}
}
