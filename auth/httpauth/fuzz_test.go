package httpauth

import (
	"net/url"
	"testing"
)

// FuzzParams: what is read is what a lenient reader sees too, and nothing it
// could see differently is read.
func FuzzParams(f *testing.F) {
	for _, s := range []string{"", "a=b&c=d", "a=b&a=c", "key=x&key=y", "a;b=c", "%zz=1", "a=%ff", "a", "&&", "a=b+c%20d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseParams(text)
		if err != nil {
			if len(p) > 0 {
				t.Fatalf("an error beside %q", p)
			}
			return
		}
		lenient, err := url.ParseQuery(text)
		if err != nil {
			t.Fatalf("%q is read as %q: %v", text, p, err)
		}
		for name, values := range lenient {
			if len(values) != 1 || p[name] != values[0] {
				t.Fatalf("%q: %q is %q and %q", text, name, p[name], values)
			}
		}
	})
}
