package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"usher/auth/keys/keystest"
)

func FuzzKeyset(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`))
	f.Add([]byte(`{"k":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}`))
	f.Add([]byte(`{"jwks_uri":"https://id.example.com/"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := readKeyset(text)
		if (err == nil) != (set != nil && len(set.keys) > 0) {
			t.Fatalf("%v with %v", set, err)
		}
		if err != nil {
			return
		}
		for _, k := range set.keys {
			if k.Symmetric() || len(k.verify) == 0 {
				t.Errorf("key %v of a published set", k)
			}
		}
	})
}

// usable describes the keys of a set by kid.
func usable(text string) map[string]string {
	list := map[string]string{}
	if set, err := readKeyset([]byte(text)); err == nil {
		for _, k := range set.keys {
			list[k.id] += k.print + strings.Join(k.algorithms(), ",") + ";"
		}
	}
	return list
}

// FuzzOddMember: whatever one member of a set is, the keys beside it are used
// as they are without it. Their kids are drawn, so that it cannot name them.
func FuzzOddMember(f *testing.F) {
	for _, s := range []string{`null`, `1`, `{}`, `{"kty":"oct","k":"AAAA"}`, `{"kty":"EC","kty":"EC"}`, `{"alg":null}`, `{"kid":7}`, `[[[]]]`, "\"\xff\"",
		`{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQ"}`, `"-----BEGIN CERTIFICATE-----"`, `"-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----"`} {
		f.Add([]byte(s), "odd", uint8(1))
	}
	files, _ := filepath.Glob(vectors + "cookbook/jwk/*.json")
	for _, name := range files {
		f.Add(must(os.ReadFile(name)), "keys", uint8(0))
	}
	const n = 3
	var jwks, pems [n]string
	for i := range n {
		kid, key := rand.Text(), keystest.ECKey(f)
		jwks[i] = string(must(json.Marshal(keystest.JWK(key, map[string]any{"kid": kid}))))
		pems[i] = fmt.Sprintf("%q:%s", kid, must(json.Marshal(keystest.PEM(key))))
	}
	plain := usable(`{"keys":[` + strings.Join(jwks[:], ",") + `]}`)
	if len(plain) != n || !maps.Equal(plain, usable("{"+strings.Join(pems[:], ",")+"}")) {
		f.Fatalf("the good ones alone: %v", plain)
	}
	f.Fuzz(func(t *testing.T, odd []byte, name string, at uint8) {
		value := jsontext.Value(odd)
		if !value.IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) {
			return // it would hide where the next member begins
		}
		i := int(at) % (n + 1)
		set := strings.Join(insert(jwks[:], i, string(odd)), ",")
		if name == "keys" && bytes.HasPrefix(bytes.TrimSpace(odd), []byte("[")) {
			name = "" // it is the set then
		}
		table := strings.Join(insert(pems[:], i, string(must(json.Marshal(name)))+":"+string(odd)), ",")
		for _, text := range []string{`{"keys":[` + set + `]}`, `{` + table + `}`} {
			got := usable(text)
			for kid, want := range plain {
				if got[kid] != want {
					t.Errorf("%s: %q became %q", text, want, got[kid])
				}
			}
		}
	})
}

func insert(list []string, at int, s string) []string {
	return append(append(append([]string{}, list[:at]...), s), list[at:]...)
}
