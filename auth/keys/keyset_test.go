package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/auth/keys/keystest"
)

// described names what each key of a set is for: kid=algorithm,algorithm.
func described(s *keyset) string {
	var list []string
	if s != nil {
		for _, k := range s.keys {
			list = append(list, k.id+"="+strings.Join(k.algorithms(), ","))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// TestOddMembers has a good key beside each odd member. What is left out says why.
func TestOddMembers(t *testing.T) {
	ec, other, weak := keystest.ECKey(t), keystest.ECKey(t), must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	rsaKey := &must(rsa.GenerateKey(rand.Reader, 2048)).PublicKey
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	good := keystest.JWK(ec, map[string]any{"kid": "good"})
	with := func(key any, more map[string]any) map[string]any { return keystest.JWK(key, more) }
	const kept = "good=ES256"
	const rs = "RS256,RS384,RS512,PS256,PS384,PS512"
	for _, row := range []struct {
		name string
		odd  []any
		want string
		why  string // of the first that is left out
	}{
		{"one key for two signatures", []any{with(rsaKey, map[string]any{"kid": "k", "alg": "RS256"}), with(rsaKey, map[string]any{"kid": "k", "alg": "RS512"})}, kept + " k=RS256,RS512", ""},
		{"Keycloak's two uses of a kid", []any{with(rsaKey, map[string]any{"kid": "k", "alg": "RS256", "use": "sig"}), with(rsaKey, map[string]any{"kid": "k", "alg": "RSA-OAEP", "use": "enc"})}, kept + " k=RS256", `key 3 (kid "k"): its use is "enc", not sig`},
		{"RSA-OAEP without use", []any{with(rsaKey, map[string]any{"kid": "k", "alg": "RSA-OAEP"})}, kept, `key 2 (kid "k"): its alg "RSA-OAEP" is not one for signatures`},
		{"an entry twice", []any{good}, kept, ""},
		{"alg null", []any{with(rsaKey, map[string]any{"kid": "k", "alg": nil})}, kept + " k=" + rs, ""},
		{"all null", []any{with(other, map[string]any{"kid": "k", "alg": nil, "use": nil, "key_ops": nil, "d": nil, "k": nil, "x5c": nil})}, kept + " k=ES256", ""},
		{"kid null", []any{with(other, map[string]any{"kid": nil})}, "=ES256 " + kept, ""},
		{"no key_ops", []any{with(other, map[string]any{"key_ops": []string{}})}, kept, "its key_ops do not include verify"},
		{"key_ops a text", []any{with(other, map[string]any{"key_ops": "verify"})}, kept, "its key_ops is not an array"},
		{"a number as kid", []any{with(other, map[string]any{"kid": 7})}, kept, "key 2: its kid is not a text"},
		{"a long kid", []any{with(other, map[string]any{"kid": strings.Repeat("x", MaxKeyID+1)})}, kept, "its kid is over 256 bytes"},
		{"EC and RSA under one kid", []any{with(rsaKey, map[string]any{"kid": "good"})}, kept + " good=" + rs, ""},
		{"two keys under one kid", []any{with(other, map[string]any{"kid": "k"}), with(keystest.ECKey(t), map[string]any{"kid": "k"})}, kept, `key 2 (kid "k"): key 3 (kid "k") has the same kid and is for ES256, too`},
		{"two keys without a kid", []any{with(other, nil), with(keystest.ECKey(t), nil)}, "=ES256 =ES256 " + kept, ""},
		{"an oct key", []any{map[string]any{"kty": "oct", "k": "AAAA", "kid": "s"}}, kept, `key 2 (kid "s"): a shared secret in a published set`},
		{"a private key", []any{with(other, map[string]any{"kid": "p", "d": "AAAA"})}, kept, `key 2 (kid "p"): a private key in a published set`},
		{"private primes", []any{with(rsaKey, map[string]any{"p": "AAAA"})}, kept, "a private key in a published set"},
		{"a private key and its public half", []any{with(other, map[string]any{"kid": "p"}), with(other, map[string]any{"kid": "q", "d": "AAAA"})}, kept, `key 3 (kid "q"): a private key`},
		{"use enc", []any{with(other, map[string]any{"use": "enc"})}, kept, `its use is "enc", not sig`},
		{"use a list", []any{with(other, map[string]any{"use": []string{"sig"}})}, kept, "its use is not a text"},
		{"alg of another type", []any{with(other, map[string]any{"alg": "RS256"})}, kept, `its alg "RS256" is not one`},
		{"alg none", []any{with(other, map[string]any{"alg": "none"})}, kept, `its alg "none"`},
		{"unknown kty", []any{map[string]any{"kty": "XYZ"}}, kept, `its kty is "XYZ"`},
		{"ML-DSA", []any{map[string]any{"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA", "kid": "pq"}}, kept, `key 2 (kid "pq"): its kty is "AKP"`},
		{"no kty", []any{map[string]any{}}, kept, "it has no kty"},
		{"x5c and x5t", []any{with(other, map[string]any{"kid": "k", "x5c": []string{"AAAA"}, "x5t": "AAAA", "x5u": "https://x/"})}, kept + " k=ES256", ""},
		{"weak RSA", []any{map[string]any{"kty": "RSA", "n": strings.Repeat("_", 170), "e": "AQAB"}}, kept, "an RSA key of 1016 bits"},
		{"wrong curve", []any{map[string]any{"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}}, kept, `its curve is "secp256k1"`},
		{"P-224", []any{map[string]any{"kty": "EC", "crv": weak.Curve.Params().Name, "x": "AA", "y": "AA"}}, kept, `its curve is "P-224"`},
		{"off the curve", []any{with(other, map[string]any{"y": "AAAA"})}, kept, "key 2: "},
		{"Ed25519 by both names", []any{with(ed, map[string]any{"kid": "a", "alg": "EdDSA"}), with(ed, map[string]any{"kid": "b", "alg": "Ed25519"})}, "a=EdDSA b=EdDSA " + kept, ""},
		{"Ed448", []any{map[string]any{"kty": "OKP", "crv": "Ed448", "x": "AA", "alg": "Ed448"}}, kept, `its curve is "Ed448"; of these only Ed25519 is supported`},
		{"X25519", []any{map[string]any{"kty": "OKP", "crv": "X25519", "x": "AA"}}, kept, `its curve is "X25519"`},
		{"no objects", []any{1, "x", nil, []any{}, true}, kept, "key 2: not strict JSON: not a JSON object"},
		{"a member twice", []any{json.RawMessage(`{"kty":"EC","kid":"k","kty":"EC"}`)}, kept, `key 2 (kid "k"): not strict JSON`},
		{"too deep", []any{json.RawMessage(strings.Repeat("[", 100) + strings.Repeat("]", 100))}, kept, "not strict JSON"},
		{"invalid UTF-8", []any{json.RawMessage("{\"kid\":\"\xff\"}")}, kept, "not strict JSON"},
		{"NUL", []any{json.RawMessage(`{"kid":"a\u0000"}`)}, kept, "a string holds NUL"},
	} {
		for _, bom := range []string{"", "\ufeff"} {
			text := bom + setOf(slices.Concat([]any{good}, row.odd)...)
			set, err := readKeyset([]byte(text))
			if err != nil || described(set) != sorted(row.want) {
				t.Errorf("%s: %q, %v; want %q", row.name, described(set), err, sorted(row.want))
				continue
			}
			if first := strings.Join(set.lines()[:min(1, len(set.skipped))], ""); (first == "") != (row.why == "") || !strings.Contains(first, row.why) {
				t.Errorf("%s: left out %q, want %q", row.name, set.lines(), row.why)
			}
		}
	}
}

func sorted(words string) string {
	list := strings.Fields(words)
	slices.Sort(list)
	return strings.Join(list, " ")
}

// setOf writes a JWK set of any members; texts of JSON go in as they are.
func setOf(members ...any) string {
	var list []string
	for _, m := range members {
		if raw, ok := m.(json.RawMessage); ok {
			list = append(list, string(raw)) // not compacted, not checked
			continue
		}
		list = append(list, string(must(json.Marshal(m))))
	}
	return `{"more":null,"keys":[` + strings.Join(list, ",") + `],"more":1}`
}

// TestNoKeyset: what is no set of keys says what it is instead.
func TestNoKeyset(t *testing.T) {
	key := keystest.JWK(keystest.ECKey(t), map[string]any{"kid": "k"})
	for text, want := range map[string]string{
		"":                              "the answer is empty",
		"  <!doctype html><title>Login": "a web page",
		"\ufeff<?xml version='1.0'?>":   "a web page",
		"nothing here":                  "not JSON",
		"-----BEGIN PUBLIC KEY-----\n":  "PEM, not a key set",
		`[{"kty":"EC"}]`:                "the answer is a list",
		`{"issuer":"https://id.example.com","jwks_uri":"https://u:hush@login.id.example.com/realms/our-realm/protocol/openid-connect/certs?hush=1"}`: `set jwks_url to its jwks_uri, "https://login.id.example.com/realms/our-realm/protocol/openid-connect/certs"`,
		string(must(json.Marshal(key))):                       "a single JWK",
		`{"error":"invalid_request","error_description":"x"}`: `is an error, not a key set: "x"`,
		`{"error":"not_found"}`:                               `is an error, not a key set: "not_found"`,
		`{"a":1,"b":2}`:                                       `it has "a", "b", and no "keys"`,
		`{}`:                                                  "an empty object",
		`{"keys":{}}`:                                         `"keys" in it is not an array`,
		`{"keys":null}`:                                       `"keys" in it is not an array`,
		`{"keys":[],"keys":[]}`:                               `"keys" stands in it twice`,
		`{"keys":[]}`:                                         "the set is empty",
		`{"keys":[`:                                           "not JSON: ",
		`{"keys":[]} x`:                                       "not JSON: ",
		`{"keys":[{"kty":"oct","k":"AAAA"},{"use":"enc"}]}`: `no key of the set can be used; key 1: a shared secret in a published set`,
	} {
		set, err := readKeyset([]byte(text))
		if err == nil || set != nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func certificateOf(t testing.TB, from, until time.Time) string {
	t.Helper()
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestCertificateMap reads what Google and Firebase publish. The dates do not
// count: a certificate is good for as long as its server publishes it.
func TestCertificateMap(t *testing.T) {
	now := time.Now()
	write := func(m map[string]any) []byte { return must(json.Marshal(m)) }
	set, err := readKeyset(write(map[string]any{
		"now":  certificateOf(t, now.Add(-time.Hour), now.Add(time.Hour)),
		"old":  certificateOf(t, now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"iap":  keystest.PEM(keystest.ECKey(t)),
		"hush": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"cut":  "-----BEGIN CERTIFICATE-----\nAAAA", "odd": 1, "": keystest.PEM(keystest.ECKey(t)), "word": "no PEM",
	}))
	rs := "RS256,RS384,RS512,PS256,PS384,PS512"
	if want := "iap=ES256 now=" + rs + " old=" + rs; err != nil || described(set) != want {
		t.Fatalf("%q, %v", described(set), err)
	}
	if lines := set.lines(); len(lines) != 5 || !strings.HasPrefix(lines[0], `kid "hush": a private key in a published set`) {
		t.Errorf("left out %q", lines)
	}
	a, b := must(json.Marshal(keystest.PEM(keystest.ECKey(t)))), must(json.Marshal(keystest.PEM(keystest.ECKey(t))))
	set, err = readKeyset(fmt.Appendf(nil, `{"k":%s,"k":%s,"j":%[1]s,"j":%[1]s}`, a, b))
	if err != nil || described(set) != "j=ES256" {
		t.Errorf("one kid twice: %q, %v", described(set), err)
	}
}

// TestManyMembers: bounds hold in the words, too.
func TestManyMembers(t *testing.T) {
	members := []any{}
	for range 200 {
		members = append(members, map[string]any{"kty": strings.Repeat("x", 500)})
	}
	for i := range maxSetKeys + 3 {
		members = append(members, keystest.JWK(keystest.ECKey(t), map[string]any{"kid": fmt.Sprint(i)}))
	}
	members = append(members, map[string]any{"kty": "oct", "k": "AAAA"})
	set, err := readKeyset([]byte(setOf(members...)))
	if err != nil || len(set.keys) != maxSetKeys || len(set.skipped) != maxSkipped || set.left != 200+1+3-maxSkipped {
		t.Fatalf("%v, %v", set, err)
	}
	if lines := set.lines(); !strings.Contains(lines[0], "shared secret") || len(strings.Join(lines, "")) > maxSkipped*(maxSkipBytes+100) {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
}

// TestCookbookKeys reads the example keys of RFC 7517 and RFC 7520 together as
// one set.
func TestCookbookKeys(t *testing.T) {
	files, err := filepath.Glob(vectors + "cookbook/jwk/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("the RFC cookbook is not here")
	}
	var members []any
	for _, name := range files {
		members = append(members, json.RawMessage(must(os.ReadFile(name))))
	}
	set, err := readKeyset([]byte(setOf(members...)))
	useless, ok := errors.AsType[*uselessSetError](err)
	if !ok || set != nil {
		t.Fatalf("with the private halves: %q, %v", described(set), err)
	}
	if text := strings.Join(useless.lines, "; "); strings.Count(text, "whoever can read it can sign") != 4 || strings.Count(text, "its private half is in the same set") != 2 {
		t.Errorf("with the private halves: %q", text)
	}
	public := slices.DeleteFunc(members, func(m any) bool { return strings.Contains(string(m.(json.RawMessage)), `"d":`) })
	set, err = readKeyset([]byte(setOf(public...)))
	if want := "bilbo.baggins@hobbiton.example=ES512 bilbo.baggins@hobbiton.example=RS256,RS384,RS512,PS256,PS384,PS512"; err != nil || described(set) != want {
		t.Errorf("without: %q, %v", described(set), err)
	}
	if lines := set.lines(); len(lines) != 2 || !strings.Contains(lines[0], "a shared secret") {
		t.Errorf("left out %q", lines)
	}
}

// rsaWith is a public key whose modulus has so many bits, and leaves a rest by each of the primes of hasROCA.
func rsaWith(bits, rest, exponent int) *rsa.PublicKey {
	n, product := new(big.Int).SetBit(new(big.Int), bits-1, 1), big.NewInt(1)
	for _, p := range rocaPrimes {
		product.Mul(product, big.NewInt(p))
	}
	n.Sub(n, new(big.Int).Mod(n, product)).Add(n, product)
	return &rsa.PublicKey{N: n.Add(n, big.NewInt(int64(rest))), E: exponent}
}

// TestWeakPublicKeys: whatever file or set it comes from, no key is used that others could forge with.
func TestWeakPublicKeys(t *testing.T) {
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		public any
		want   string // of the error; empty: it is used
	}{
		"2047 bits":       {rsaWith(2047, 2, 65537), "an RSA key of 2047 bits"},
		"2048 bits":       {rsaWith(2048, 2, 65537), ""},
		"8192 bits":       {rsaWith(8192, 2, 65537), ""},
		"8193 bits":       {rsaWith(8193, 2, 65537), "an RSA key of 8193 bits"},
		"exponent 1":      {rsaWith(2048, 2, 1), "the public exponent 1;"},
		"exponent 65536":  {rsaWith(2048, 2, 65536), "the public exponent 65536;"},
		"exponent 3":      {rsaWith(2048, 2, 3), ""},
		"of a smart card": {rsaWith(2048, 1, 65537), "CVE-2017-15361"},
		"P-224":           {p224.Public(), "not on P-256, P-384 or P-521"},
		"31 bytes":        {ed25519.PublicKey(make([]byte, 31)), "an Ed25519 key of 31 bytes"},
		"a private key":   {p224, "a key of type *ecdsa.PrivateKey"},
	} {
		key, err := newPublicKey(row.public)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want) || key != nil) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// TestMixedKeys: where a public key is good no secret is, as the one could be taken for the other.
func TestMixedKeys(t *testing.T) {
	secret, public := newSecretKey(make([]byte, 32), "a", false), &Key{kind: kindRSA}
	remote := []Location{{Kind: JWKSURL, URL: "https://id.example.org/keys"}}
	for name, row := range map[string]struct {
		config Config
		bad    bool
	}{
		"secrets":                   {Config{Files: []*Key{secret, secret}}, false},
		"public keys":               {Config{Files: []*Key{public}, Locations: remote}, false},
		"both":                      {Config{Files: []*Key{secret, public}}, true},
		"a secret and a key server": {Config{Files: []*Key{secret}, Locations: remote}, true},
	} {
		if err := row.config.Check(); (err != nil) != row.bad {
			t.Errorf("%s: %v", name, err)
		}
	}
}
