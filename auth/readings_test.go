package auth_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

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
