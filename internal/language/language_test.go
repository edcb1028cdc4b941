package language

import (
	"net/http"
	"testing"
)

func TestOf(t *testing.T) {
	for header, want := range map[string]string{
		"": "en", "de": "de", "de-AT": "de", "DE-de;q=0.5": "de", "fr, de-AT;q=0.8, en;q=0.5": "de", "en-GB,de": "en",
		"fr": "en", "*": "en", ", ;,de": "de", "deu": "en", "-": "en",
	} {
		r := &http.Request{Header: http.Header{"Accept-Language": {header}}}
		if got := Of(r, "en", "de"); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
