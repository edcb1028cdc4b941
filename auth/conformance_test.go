package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/auth/keys"
	"usher/auth/keys/keyfile"
	"usher/auth/keys/keystest"
	"usher/internal/strictjson"
	"usher/metrics"
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
func verifyJWS(given vectorKeys, token string) *Refusal {
	a := &attempt{}
	a.Token, a.host = token, &hostRules{}
	a.rules = &rules{maxTokenBytes: 1 << 20}
	for _, c := range checkList {
		switch c.name {
		case "algorithm":
			config := IssuerConfig{Keys: keys.Config{Files: given.all()}, Algorithms: keys.Algorithms()}
			if err := config.Check(); err != nil {
				return Refuse(ReasonUnknownKey, "%v", err)
			}
			prepared := keys.NewSources(keys.Options{}).Prepare()
			a.issuer = newIssuerRules("vectors", config,
				prepared.Set("vectors", keys.Config{Files: given.forToken(a.header)}))
		case "shape", "header", "key", "signature":
		default:
			continue
		}
		if a.header != nil && a.header.typ != "" {
			a.host.Types = []string{a.header.typ}
		}
		if r := c.run(a); r != nil && !(c.name == "header" && a.header != nil) {
			return r
		}
	}
	if len(a.parts.payload) == 0 { // a JWS may be empty, a token's claims may not
		return nil
	}
	_, refusal := a.decode(a.parts.payload, "payload")
	return refusal
}

// vectorKeys are the keys of a vector: public ones, as a server publishes them,
// and shared secrets, as they stand in files. A vector's secrets have a kid and an
// alg, which those from files never have.
type vectorKeys struct {
	public  []*keys.Key
	secrets []vectorSecret
}

type vectorSecret struct {
	key      *keys.Key
	kid, alg string
}

func (k vectorKeys) all() []*keys.Key {
	list := slices.Clone(k.public)
	for _, s := range k.secrets {
		list = append(list, s.key)
	}
	return list
}

// forToken leaves the secrets out that are for another kid or alg than a header's.
func (k vectorKeys) forToken(h *header) []*keys.Key {
	list := slices.Clone(k.public)
	for _, s := range k.secrets {
		if (h.kid == "" || s.kid == "" || h.kid == s.kid) && (s.alg == "" || s.alg == h.alg.String()) {
			list = append(list, s.key)
		}
	}
	return list
}

// fetched returns the keys of a server that publishes a set. It is an error if
// there is none that can be used.
func fetched(set string) ([]*keys.Key, error) {
	sources := keys.NewSources(keys.Options{Log: slog.New(slog.DiscardHandler), Metrics: metrics.New("test"), Now: time.Now,
		Transport: keystest.RoundTripper(func(*http.Request) (*http.Response, error) { return keystest.Answer(200, "", set) })})
	prepared := sources.Prepare()
	keys := prepared.Set("vectors", keys.Config{Locations: []keys.Location{{Kind: keys.JWKSURL, URL: "https://vectors.example.com/"}}})
	prepared.Commit()
	ctx, cancel := context.WithCancel(context.Background())
	var task sync.WaitGroup
	task.Go(func() { _ = sources.Run(ctx) })
	<-sources.Fetched()
	cancel()
	task.Wait()
	if problem := keys.Status("vectors")[0].Problem; problem != "" {
		return nil, errors.New(problem)
	}
	return slices.Collect(keys.All()), nil
}

// readVectorKeys reads a JWK or a set, of either symmetry.
func readVectorKeys(text json.RawMessage) (vectorKeys, error) {
	var set struct{ Keys []json.RawMessage }
	if err := json.Unmarshal(text, &set); err != nil {
		return vectorKeys{}, err
	}
	if set.Keys == nil {
		set.Keys = []json.RawMessage{text}
	}
	var list vectorKeys
	var public []map[string]any
	for _, k := range set.Keys {
		var oct struct{ Kty, K, Alg, Use, Kid string }
		if err := json.Unmarshal(k, &oct); err != nil {
			return vectorKeys{}, err
		}
		if oct.Kty == "oct" {
			if err := list.add(oct.K, oct.Alg, oct.Use, oct.Kid); err != nil {
				return vectorKeys{}, err
			}
			continue
		}
		public = append(public, nil)
		if err := json.Unmarshal(k, &public[len(public)-1]); err != nil {
			return vectorKeys{}, err
		}
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi"} {
			delete(public[len(public)-1], private)
		}
	}
	if len(public) == 0 {
		return list, nil
	}
	var err error
	list.public, err = fetched(keystest.JWKSet(public...))
	return list, err
}

// add takes a secret, unless another has its kid: nobody could say which is meant.
func (k *vectorKeys) add(text, alg, use, kid string) error {
	secret, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	if use != "" && use != "sig" {
		return fmt.Errorf("use %q", use)
	}
	if slices.ContainsFunc(k.secrets, func(s vectorSecret) bool { return kid != "" && s.kid == kid }) {
		return fmt.Errorf("two secrets %q", kid)
	}
	key, err := keys.ParseSecret(secret, keyfile.Plain, "vector", false)
	if err != nil {
		return err
	}
	k.secrets = append(k.secrets, vectorSecret{key, kid, alg})
	return nil
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
		keys, keyErr := readVectorKeys(text)
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
		keys, err := readVectorKeys(example.Input.Key)
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
