package keys

import (
	"strings"
	"testing"
)

// TestShownURL: of a key server's URL its origin and its path are shown, and nothing else, whoever wrote it and wherever it
// is shown.
func TestShownURL(t *testing.T) {
	for text, want := range map[string]string{
		"https://id.example.com/realms/our%2Frealm/certs":              "https://id.example.com/realms/our%2Frealm/certs",
		"https://id.example.com:8443/keys?key=hush":                    "https://id.example.com:8443/keys",
		"https://me:hush@id.example.com/keys":                          "https://id.example.com/keys",
		"https://id.example.com/keys#hush":                             "https://id.example.com/keys",
		"https://id.example.com?hush":                                  "https://id.example.com",
		"https://me@id.example.com/" + strings.Repeat("x", 2000):       "https://id.example.com/" + strings.Repeat("x", maxShownText-len("https://id.example.com/")) + "…",
		"https://id.example.com/%zz?hush":                              "(not a URL)",
		"https://id.example.com/certs?a=%3Fhush%23hush&b=hush#!/?hush": "https://id.example.com/certs",
	} {
		if got := shownText(text); got != want {
			t.Errorf("%.80s is shown as %.80s", text, got)
		}
		if err := notSet([]setMember{{kid: "jwks_uri", value: []byte(`"` + text + `"`)}}); strings.Contains(err.Error(), "hush") {
			t.Error(err)
		}
		st := newSource(sourceAt(JWKSURL, text), Options{}).status()
		if strings.Contains(st.URL, "hush") || strings.Contains(st.Problem, "hush") {
			t.Errorf("status says %q, %q", st.URL, st.Problem)
		}
	}
}
