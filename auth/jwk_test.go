package auth

import "testing"

func TestJWKSet(t *testing.T) {
	a, b := newECKey(t), newECKey(t)
	kid := map[string]any{"kid": "k"}
	tests := []struct {
		name, set string
		keys      int
		ok        bool
	}{
		{"two", jwkSet(jwkOf(a, kid), jwkOf(b, nil)), 2, true},
		{"unknown type beside", jwkSet(map[string]any{"kty": "XYZ"}, jwkOf(a, kid)), 1, true},
		{"for encryption beside", jwkSet(jwkOf(b, map[string]any{"use": "enc"}), jwkOf(a, kid)), 1, true},
		{"alg of another type", jwkSet(jwkOf(b, map[string]any{"alg": "RS256"}), jwkOf(a, kid)), 1, true},
		{"off the curve beside", jwkSet(jwkOf(b, map[string]any{"y": "AAAA"}), jwkOf(a, kid)), 1, true},
		{"one kid twice", jwkSet(jwkOf(a, kid), jwkOf(b, kid)), 0, false},
		{"a secret", jwkSet(jwkOf(a, kid), map[string]any{"kty": "oct", "k": "AAAA"}), 0, false},
		{"a private key", jwkSet(jwkOf(a, map[string]any{"d": "AAAA"})), 0, false},
		{"garbage", "<html>", 0, false},
		{"no keys", "{}", 0, false},
		{"a member twice", `{"keys":[],"keys":[]}`, 0, false},
	}
	for _, test := range tests {
		keys, _, err := parseJWKSet([]byte(test.set))
		if len(keys) != test.keys || (err == nil) != test.ok {
			t.Errorf("%s: %d keys, %v", test.name, len(keys), err)
		}
	}
}

func FuzzJWKSet(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, _, err := parseJWKSet(text)
		if err != nil && keys != nil {
			t.Error("keys with an error")
		}
		for _, k := range keys {
			if k.Symmetric() || len(k.verify) == 0 {
				t.Errorf("key %v of a published set", k)
			}
		}
	})
}
