package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/strictjson"
)

const vectors = "../../shared/vectors/"

// readVectors reads a file of public conformance data where it is present.
func readVectors(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(vectors + name)
	if err != nil {
		t.Skipf("the public conformance data is not here: %v", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// verifyJWS runs the checks that stand between a compact JWS and its payload
// under keys that the vectors name, with every algorithm and typ allowed.
func verifyJWS(keys []*Key, token string) *Refusal {
	config := IssuerConfig{Keys: keys, Algorithms: Algorithms()}
	if err := config.Check(); err != nil {
		return Refuse(ReasonUnknownKey, "%v", err)
	}
	issuer := newIssuerRules("vectors", config, nil)
	a := &attempt{}
	a.Token, a.issuer, a.host = token, issuer, &hostRules{}
	a.rules = &rules{maxTokenBytes: 1 << 20}
	for _, c := range checkList {
		switch c.name {
		case "shape", "header", "algorithm", "key", "signature":
			if a.header != nil && a.header.typ != "" {
				a.host.Types = []string{a.header.typ}
			}
			if r := c.run(a); r != nil && !(c.name == "header" && a.header != nil) {
				return r
			}
		}
	}
	if len(a.parts.payload) == 0 { // a JWS may be empty, a token's claims may not
		return nil
	}
	_, refusal := a.decode(a.parts.payload, "payload")
	return refusal
}

// vectorKeys reads a JWK or a set, of either symmetry.
func vectorKeys(text json.RawMessage) ([]*Key, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{text}
	}
	r := &setReader{}
	for i, k := range set.Keys {
		key, err := vectorKey(k)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, publishedKey{fmt.Sprint("key ", i), key})
	}
	r.merge()
	r.dropContradictions()
	r.finish()
	return r.set.keys, nil
}

func vectorKey(text json.RawMessage) (*Key, error) {
	var oct struct{ Kty, K, Alg, Use, Kid string }
	if err := json.Unmarshal(text, &oct); err != nil {
		return nil, err
	}
	if oct.Kty == "oct" {
		return vectorSecret(oct.K, oct.Alg, oct.Use, oct.Kid)
	}
	var public map[string]any
	if err := json.Unmarshal(text, &public); err != nil {
		return nil, err
	}
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
		delete(public, private)
	}
	only, err := json.Marshal(map[string]any{"keys": []any{public}})
	if err != nil {
		return nil, err
	}
	read, err := readKeyset(only)
	if err != nil {
		return nil, err
	}
	return read.keys[0], nil
}

func vectorSecret(k, alg, use, kid string) (*Key, error) {
	secret, err := base64.RawURLEncoding.DecodeString(k)
	if err != nil {
		return nil, err
	}
	if use != "" && use != "sig" {
		return nil, fmt.Errorf("use %q", use)
	}
	if err := checkSecret(secret, false); err != nil {
		return nil, err
	}
	key := newSecretKey(secret, "vector", false)
	key.id = kid
	if alg != "" {
		key.only(alg)
	}
	return key, nil
}

type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []struct {
		Public, Private json.RawMessage
		Tests           []struct {
			TcID                 int
			Comment, JWS, Result string
		}
	}
}

type wycheproofOverrides struct {
	JSONWebSignatureTest map[string]struct{ Use string } `json:"json_web_signature_test"`
}

func TestWycheproof(t *testing.T) {
	var overrides wycheproofOverrides
	readVectors(t, "wycheproof/overrides.json", &overrides)
	for _, name := range []string{"json_web_signature_test", "json_web_key_test"} {
		t.Run(name, func(t *testing.T) {
			var file wycheproofFile
			readVectors(t, "wycheproof/"+name+".json", &file)
			var change map[string]struct{ Use string }
			if name == "json_web_signature_test" {
				change = overrides.JSONWebSignatureTest
			}
			done, skipped := file.run(t, change)
			t.Logf("%d of %d run, %d skipped by overrides.json", done, file.NumberOfTests, skipped)
			if done+skipped != file.NumberOfTests {
				t.Errorf("%d vectors seen", done+skipped)
			}
		})
	}
}

func (f wycheproofFile) run(t *testing.T, change map[string]struct{ Use string }) (done, skipped int) {
	for _, group := range f.TestGroups {
		text := group.Public
		if text == nil {
			text = group.Private
		}
		keys, keyErr := vectorKeys(text)
		for _, test := range group.Tests {
			valid := test.Result == "valid"
			switch use := change[fmt.Sprint(test.TcID)].Use; {
			case strings.Contains(use, "skip"):
				skipped++
				continue
			case use == "reject":
				valid = false
			}
			done++
			refusal := verifyJWS(keys, test.JWS)
			if got := keyErr == nil && refusal == nil; got != valid {
				t.Errorf("tcId %d (%s): accepted %v, want %v (%v, %v)", test.TcID, test.Comment, got, valid, keyErr, refusal)
			}
		}
	}
	return done, skipped
}

type cookbookExample struct {
	Title string
	Input struct {
		Key json.RawMessage
		Alg string
	}
	Output struct{ Compact string }
}

func TestCookbook(t *testing.T) {
	var files []string
	for _, pattern := range []string{"jws/*.json", "curve25519/jws.json", "rfc7797/*.json", "jwe/*.json"} {
		found, err := filepath.Glob(vectors + "cookbook/" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("the RFC cookbook is not here")
	}
	accepted := map[string]bool{
		"4_1.rsa_v15_signature.json": true, "4_2.rsa-pss_signature.json": true, "4_3.ecdsa_signature.json": true,
		"4_4.hmac-sha2_integrity_protection.json": true, "jws.json": true,
	}
	for _, file := range files {
		name := filepath.Base(file)
		var example cookbookExample
		if err := json.Unmarshal(must(os.ReadFile(file)), &example); err != nil {
			example.Output.Compact = string(must(os.ReadFile(file))) // several keys: the text itself is the token
		}
		keys, err := vectorKeys(example.Input.Key)
		refusal := verifyJWS(keys, example.Output.Compact)
		if got := err == nil && refusal == nil; got != accepted[name] {
			t.Errorf("%s: accepted %v, want %v (%v, %v)", name, got, accepted[name], err, refusal)
		}
	}
	t.Logf("%d examples", len(files))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestJSONTestSuiteHeaders has each file as the header of a token: none is one.
func TestJSONTestSuiteHeaders(t *testing.T) {
	files, err := filepath.Glob(vectors + "jsontestsuite/test_*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("JSONTestSuite is not here")
	}
	for _, file := range files {
		if _, refusal := parseHeader(new(strictjson.Document), must(os.ReadFile(file))); refusal == nil {
			t.Errorf("%s: accepted as a header", filepath.Base(file))
		}
	}
}
