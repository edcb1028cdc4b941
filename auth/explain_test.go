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
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"usher/auth"
	"usher/auth/authtest"
	"usher/auth/keys"
	"usher/auth/keys/keyfile"
)

// A secret that two programs read in two ways is the usual reason of a
// signature that does not fit: explain finds which reading does.
func TestExplainFindsTheReading(t *testing.T) {
	const host = "meet.example.com"
	raw := "s3cret-bytes-of-a-service-that-signs-it-0123456789"
	for name, c := range map[string]struct {
		file     string
		encoding keyfile.Encoding
		signs    string // what the issuer signs with
		want     string
	}{
		"base64 declared plain":         {base64.StdEncoding.EncodeToString([]byte(raw)), keyfile.Plain, raw, "read as base64: set secret_encoding: base64"},
		"base64url declared plain":      {base64.RawURLEncoding.EncodeToString([]byte(raw)), keyfile.Plain, raw, "read as base64: set secret_encoding: base64"},
		"plain declared base64":         {base64.StdEncoding.EncodeToString([]byte(raw)), keyfile.Base64, base64.StdEncoding.EncodeToString([]byte(raw)), "set secret_encoding: plain"},
		"unpadded, declared base64":     {base64.RawURLEncoding.EncodeToString([]byte(raw)), keyfile.Base64, base64.RawURLEncoding.EncodeToString([]byte(raw)), "set secret_encoding: plain"},
		"hexadecimal":                   {hex.EncodeToString([]byte(raw)), keyfile.Plain, raw, "read as hexadecimal digits: write the secret as base64"},
		"quotes":                        {`"` + raw + `"`, keyfile.Plain, raw, "without the quotes around it: take the quotes out"},
		"space":                         {raw + " ", keyfile.Plain, raw, "without the white space or byte order mark around it"},
		"second newline":                {raw + "\n\n", keyfile.Plain, raw, "without the white space or byte order mark around it"},
		"byte order mark":               {"\ufeff" + raw, keyfile.Plain, raw, "without the white space or byte order mark around it"},
		"the issuer has a newline":      {raw, keyfile.Plain, raw + "\n", `with "\n" at its end`},
		"quotes and base64":             {`'` + base64.StdEncoding.EncodeToString([]byte(raw)) + "'\n", keyfile.Plain, raw, "as base64"},
		"a line of an environment file": {"JWT_APP_SECRET=" + raw, keyfile.Plain, raw, "without the name and the = before it: keep only what stands after the ="},
		"the same, in quotes":           {"export APP=\"" + raw + "\"\n", keyfile.Plain, raw, "without the name and the = before it"},
		"UTF-16":                        {"\xff\xfe" + strings.Join(strings.Split(raw, ""), "\x00") + "\x00", keyfile.Plain, raw, "read as text in UTF-16: save the file as UTF-8"},
		"another secret":                {raw, keyfile.Plain, "another-secret-of-somebody-else-0123456789", ""},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := keys.ParseSecret([]byte(c.file), c.encoding, "my-app.secret", true)
			if err != nil {
				t.Fatal(err)
			}
			config := authtest.Config(host)
			issuer := config.Hosts[host].Issuers[authtest.Issuer]
			issuer.Keys.Files = []*keys.Key{key}
			config.Hosts[host].Issuers[authtest.Issuer] = issuer
			v := newVerifier(t, config)
			r := v.Explain(auth.Credentials{Token: authtest.TokenBy(t, c.signs, authtest.Claims(host, nil))})
			detail := lineOf(t, r, "signature").Detail
			if r.Reason != auth.ReasonBadSignature || !strings.Contains(detail, c.want) {
				t.Errorf("%s: %q, want %q in it", r.Reason, detail, c.want)
			}
			if found := strings.Contains(detail, "fits when"); found != (c.want != "") {
				t.Errorf("a reading was found: %v: %q", found, detail)
			}
			if strings.Contains(detail, raw[:8]) {
				t.Errorf("the secret is shown: %q", detail)
			}
		})
	}
}

// The key of another issuer is named.
func TestExplainFindsTheIssuer(t *testing.T) {
	const host, secret = "meet.example.com", "0123456789abcdef0123456789abcdef-of-other-app"
	config := authtest.Config(host)
	key, err := keys.ParseSecret([]byte(secret), keyfile.Plain, "other.secret", false)
	if err != nil {
		t.Fatal(err)
	}
	other := config.Hosts[host].Issuers[authtest.Issuer]
	other.Keys.Files = []*keys.Key{key}
	config.Hosts[host].Issuers["other-app"] = other
	r := newVerifier(t, config).Explain(auth.Credentials{Token: authtest.TokenBy(t, secret, authtest.Claims(host, nil))})
	if detail := lineOf(t, r, "signature").Detail; !strings.Contains(detail, `made by key other.secret of issuer "other-app" of meet.example.com`) {
		t.Errorf("%q", detail)
	}
}

// What rests on a check that failed is neither passed nor failed.
func TestExplainSkips(t *testing.T) {
	r := newVerifier(t, authtest.Config("meet.example.com")).Explain(auth.Credentials{Token: "a.b.c"})
	if l := lineOf(t, r, "claims"); l.Skipped || l.OK {
		t.Errorf("the check that failed: %+v", l)
	}
	if l := lineOf(t, r, "issuer"); !l.Skipped || l.OK {
		t.Errorf("a check that rests on it: %+v", l)
	}
}

func lineOf(t *testing.T, r auth.Report, name string) auth.CheckLine {
	t.Helper()
	for _, l := range r.Checks {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no line %q in %+v", name, r)
	return auth.CheckLine{}
}

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

// TestExplainInner: an explanation has what Prosody would be told, and what is left out of that; for a token that nobody
// signed it has nothing.
func TestExplainInner(t *testing.T) {
	w := newVerifier(t, authtest.RelayConfig(host))
	claims := authtest.Claims(host, map[string]any{"role": "owner", "moderator": true, "exp": now.Add(-time.Hour).Unix()})
	r := w.Explain(auth.Credentials{Host: host, Token: authtest.Token(t, claims)})
	if r.Inner == nil || !strings.Contains(string(r.Inner.Claims), `"affiliation":"owner"`) || len(r.Inner.LeftOut) != 1 ||
		r.Inner.LeftOut[0].Claim != "role" {
		t.Errorf("the report: %+v", r.Inner)
	}
	if r := w.Explain(auth.Credentials{Host: host, Token: authtest.TokenBy(t, strings.Repeat("x", 64), claims)}); r.Inner != nil {
		t.Errorf("a forged token: %+v", r.Inner)
	}
}
