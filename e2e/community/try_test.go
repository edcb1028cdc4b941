package community

import (
	"strings"
	"testing"
)

// TestCommunityTry: usher try logs in through each module, and says at which door usher was asked.
func TestCommunityTry(t *testing.T) {
	modules := []string{"http", "http_async", "custom_http", "oauth"}
	each(t, func(t *testing.T, w *world) {
		for _, name := range modules {
			d := doors[name]
			out := w.usher.Run(t, "try", "--c2s", w.prosody.C2S(), "--host", d.host)
			if !strings.Contains(out, "usher has let it in, at the door "+d.door+"\n") || strings.Contains(out, "✗") {
				t.Errorf("%s: %s", name, out)
			}
		}
	}, modules...)
}
