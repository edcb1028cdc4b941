package layout

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Names of any direction stand apart from the text around them, and an address keeps its host behind the @.
func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"":                      "–",
		"Jürgen":                "<bdi>Jürgen</bdi>",
		"ليلى":                  "<bdi>ليلى</bdi>",
		"<b>":                   "<bdi>&lt;b&gt;</bdi>",
		"\u202egpj@evil":        `<bdi dir="ltr"><bdi>?gpj</bdi>@<bdi>evil</bdi></bdi>`,
		"ليلى@meet.example.com": `<bdi dir="ltr"><bdi>ليلى</bdi>@<bdi>meet.example.com</bdi></bdi>`,
		"a@b/<c>@d":             `<bdi dir="ltr"><bdi>a</bdi>@<bdi>b/&lt;c&gt;@d</bdi></bdi>`,
	} {
		if got := string(Name(name)); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// No attribute has a name that html/template takes for one of a script: it would quote the value as a script's.
func TestAttributes(t *testing.T) {
	files, err := filepath.Glob("../*/templates/*.html")
	if err != nil || len(files) < 5 {
		t.Fatalf("the templates %v, %v", files, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\sdata-on[\w-]*=`).FindAllString(string(content), -1) {
			t.Errorf("%s has%s", name, strings.TrimSuffix(found, "="))
		}
	}
}
