package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
)

// TestCutTokens: a token without its end is told from one with a wrong signature, whatever it is signed with.
func TestCutTokens(t *testing.T) {
	signers := map[string]any{}
	if key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader); err == nil {
		signers["ES512"] = key
	}
	if key, err := rsa.GenerateKey(rand.Reader, 2048); err == nil {
		signers["RS256"], signers["PS256"] = key, key
	}
	if _, key, err := ed25519.GenerateKey(rand.Reader); err == nil {
		signers["EdDSA"] = key
	}
	for alg, bytes := range map[string]string{"HS256": "32", "RS256": "256", "PS256": "256", "ES512": "132", "EdDSA": "64"} {
		c := authtest.Config(host)
		token := authtest.Token(t, authtest.Claims(host, nil))
		if signer := signers[alg]; alg != "HS256" {
			c, token = signedBy(t, alg, signer)
		}
		v := newVerifier(t, c)
		if r := v.Explain(auth.Credentials{Token: token}); !r.Allowed {
			t.Fatalf("%s: %+v", alg, r)
		}
		for _, cut := range []int{1, 2, 3, 20} {
			r := v.Explain(auth.Credentials{Token: token[:len(token)-cut]})
			detail := lineOf(t, r, "signature").Detail
			if r.Reason != auth.ReasonMalformed || !strings.HasPrefix(detail, "malformed: the token seems to be cut: its signature has ") ||
				!strings.Contains(detail, " bytes, and one by "+alg+" has "+bytes+"; have the client send the whole token") {
				t.Errorf("%s without its last %d letters: %s: %s", alg, cut, r.Reason, detail)
			}
		}
	}
}

// signedBy returns a token and the rules that let it in.
func signedBy(t *testing.T, alg string, private any) (auth.Config, string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), alg)
	if err != nil {
		t.Fatal(err)
	}
	token, err := keys.Mint(key, "", authtest.Claims(host, nil))
	if err != nil {
		t.Fatal(err)
	}
	der, err = x509.MarshalPKIXPublicKey(private.(interface{ Public() crypto.PublicKey }).Public())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keys.ParsePublicKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "k.pem")
	if err != nil {
		t.Fatal(err)
	}
	return hostConfig(func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Keys.Files, i.Algorithms = keys, []string{alg} }), token
}

// TestLinesOfMistakes: what explain says of what applications get wrong.
func TestLinesOfMistakes(t *testing.T) {
	type object = map[string]any
	for _, row := range []struct {
		claims     object
		line, want string
	}{
		{nil, "key", "one key may have signed it"},
		{object{"context": object{"user": "alice"}}, "account", `the token names none (context.user is the text "alice", not an object); a random one for each login`},
		{object{"context": nil}, "account", "the token names none; a random one for each login"},
		{object{"room": []any{}}, "room", "bad_claims: room is an empty list; have the application write a text"},
		{object{"room": "team.*"}, "room", "(if that is a regular expression, have the application set context.room.regex: true"},
		{object{"room": "https://meet.example.com/x"}, "room", "(if that is a link, write the last part of its path alone)"},
		{object{"room": "R%C3%A4k"}, "room", `"R%C3%A4k", in Prosody r%c3%a4k$`},
	} {
		r := newVerifier(t, authtest.Config(host)).Explain(auth.Credentials{Token: authtest.Token(t, authtest.Claims(host, row.claims))})
		if detail := lineOf(t, r, row.line).Detail; !strings.Contains(detail+"$", row.want) {
			t.Errorf("%v: %s", row.claims, detail)
		}
	}
	forged := authtest.TokenBy(t, strings.Repeat("x1", 20), authtest.Claims(host, nil))
	r := newVerifier(t, authtest.Config(host)).Explain(auth.Credentials{Token: forged})
	if detail := lineOf(t, r, "signature").Detail; !strings.Contains(detail, "the one key that fits (test.secret) did not make this signature; compare") {
		t.Error(detail)
	}
}

// TestNoAlgorithm: who signs with nothing is told what the token's issuer signs with, and not all that there is.
func TestNoAlgorithm(t *testing.T) {
	c := hostConfig(func(_ *auth.HostConfig, i *auth.IssuerConfig) { i.Algorithms = []string{"HS512", "HS256"} })
	other := c.Hosts[host].Issuers[authtest.Issuer]
	other.Algorithms = []string{"HS384"}
	c.Hosts[host].Issuers["other"] = other
	v := newVerifier(t, c)
	_, payload, _ := strings.Cut(authtest.Token(t, authtest.Claims(host, nil)), ".")
	for payload, want := range map[string]string{
		payload: "[HS256, HS512]",
		base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"stranger"}`)) + ".x": "[HS256, HS384, HS512]",
	} {
		token := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + payload
		r := v.Explain(auth.Credentials{Token: token})
		if detail := lineOf(t, r, "header").Detail; r.Reason != auth.ReasonAlgorithmNotAllowed ||
			detail != `algorithm_not_allowed: alg "none" is not supported; have the application sign with one of `+want+" (algorithms of its issuer)" {
			t.Errorf("%s: %s", r.Reason, detail)
		}
		if _, err := v.Authenticate(t.Context(), auth.Credentials{Token: token}); err == nil || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
}
