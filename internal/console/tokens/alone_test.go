package tokens

import (
	"encoding/base64"
	"testing"
)

// TestForAlone: a token that names any other audience besides, or whose audience cannot be told, is for no console.
func TestForAlone(t *testing.T) {
	for payload, want := range map[string]bool{
		`{"aud":"console"}`:                     true,
		`{"aud":["console"]}`:                   true,
		`{"aud":["console","jitsi"]}`:           false,
		`{"aud":["jitsi","console"]}`:           false,
		`{"aud":["jitsi"]}`:                     false,
		`{"aud":["console","console"]}`:         false,
		`{"aud":["console",1]}`:                 false,
		`{"aud":[["console"]]}`:                 false,
		`{"aud":[1]}`:                           false,
		`{"aud":[]}`:                            false,
		`{"aud":{"console":"console"}}`:         false,
		`{"aud":"jitsi"}`:                       false,
		`{"aud":"Console"}`:                     false,
		`{"aud":null}`:                          false,
		`{"aud":1}`:                             false,
		`{}`:                                    false,
		`{"aud":"console","aud":"jitsi"}`:       false,
		`{"aud":"console"`:                      false,
		`{"aud":"jitsi","AUD":"console"}`:       false,
		`{"context":{"aud":"console"},"x":"y"}`: false,
	} {
		token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2ln"
		if got := forAlone(token, "console"); got != want {
			t.Errorf("%s: %v", payload, got)
		}
	}
	cut := base64.RawURLEncoding.EncodeToString([]byte(`{"aud":"console"}`)) + "*"
	for _, token := range []string{"", "e30", "e30.", "e30." + cut + ".c2ln"} {
		if forAlone(token, "console") {
			t.Errorf("%q is for the console", token)
		}
	}
	if number := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"aud":[7]}`)) + ".c2ln"; forAlone(number, "7") {
		t.Error("a number is an audience")
	}
}
