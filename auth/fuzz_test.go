package auth

import (
	"strings"
	"testing"

	"usher/auth/keys"
	"usher/auth/keys/keyfile"
)

// FuzzToken: no text but the minted token itself is let in, neither when it
// is new nor once the good one is in the cache.
func FuzzToken(f *testing.F) {
	const secret = "a secret of this test that is long enough"
	key := must(keys.ParseSecret([]byte(secret), keyfile.Plain, "fuzz", false))
	good := must(keys.Mint(must(key.SigningKey("HS256")), "", map[string]any{"iss": "i", "sub": "h", "exp": 98753496345768}))
	v := must(New(Config{Hosts: map[string]HostConfig{"h": {Issuers: map[string]IssuerConfig{
		"i": {Keys: keys.Config{Files: []*keys.Key{key}}, Algorithms: []string{"HS256"}, RequireExp: true},
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
