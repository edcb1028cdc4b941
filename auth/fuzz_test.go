package auth

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzDocument: what is read is JSON for everybody else too, an object, and
// each of its members is found by its name; on an error nothing is left.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"b":[true,null,{"c":"\u00e9"}]}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, `[]`, `{} x`, "{\"\xff\":1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d document
		if err := d.read(text); err != nil {
			if len(d.nodes) != 0 {
				t.Errorf("%d nodes with error %v", len(d.nodes), err)
			}
			return
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("%q was read, and is no object: %v", text, err)
		}
		for name := range members {
			if n := d.get(name); n == nil || bytes.IndexByte(n.text, 0) >= 0 {
				t.Errorf("member %q: %v", name, n)
			}
		}
	})
}

// FuzzToken: no text but the minted token itself is let in, neither when it
// is new nor once the good one is in the cache.
func FuzzToken(f *testing.F) {
	const secret = "a secret of this test that is long enough"
	key := must(ParseSecret([]byte(secret), SecretPlain, "fuzz", false))
	good := must(Mint(must(key.SigningKey("HS256")), "", map[string]any{"iss": "i", "sub": "h", "exp": 98753496345768}))
	v := must(New(Config{Hosts: map[string]HostConfig{"h": {Issuers: map[string]IssuerConfig{
		"i": {Keys: []*Key{key}, Algorithms: []string{"HS256"}, RequireExp: true},
	}}}}, Options{}))
	for _, s := range []string{good, good + "=", good + "\n", strings.Replace(good, ".", "..", 1), "a.b.c", "", "{}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		for range 2 {
			if _, err := v.Authenticate(t.Context(), Credentials{Token: token}); (err == nil) != (token == good) {
				t.Errorf("%q: %v", token, err)
			}
		}
	})
}
