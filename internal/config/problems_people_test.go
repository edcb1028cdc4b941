package config

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/config/configtest"
)

// badNames are rows about names that match nobody.
var badNames = []badConfig{
	{"hosts: {h: {issuers: {'*': {secret_files: [my-app.secret]}}}}", `1:23: error: issuers: "*" matches no token: a token's iss is compared letter by letter — name each issuer by the iss of its tokens (usher token explain shows it)`},
	{"hosts: {h: {issuers: {'https://*.example.org': {secret_files: [my-app.secret]}}}}", `1:23: warning: the issuer "https://*.example.org" has a * in it, which stands for no other text — name each issuer by the iss of its tokens (usher token explain shows it)`},
	{"hosts: {h: {issuers: {'my-app ': {secret_files: [my-app.secret]}}}}", `1:23: warning: the issuer "my-app " has white space at an end, and its tokens must have it, too — take it out`},
	{"hosts: {h: {issuers: {'https://login.microsoftonline.com/{tenantid}/v2.0': {secret_files: [my-app.secret]}}}}", `1:23: error: the issuer has the placeholder {tenantid} in it, for which usher puts nothing: its tokens have a name there — write what is meant in its place`},
	{"hosts: {h: {issuers: {'https://login.microsoftonline.com/common/v2.0': {secret_files: [my-app.secret]}}}}", `1:23: error: the issuer "https://login.microsoftonline.com/common/v2.0" matches no token: their iss names the tenant — write the tenant's own id in its place, as in the iss of its tokens`},
	{"hosts: {h: {issuers: {'${JWT_APP_ID}': {secret_files: [my-app.secret]}}}}", `1:23: error: the issuer has the placeholder ${JWT_APP_ID} in it, for which usher puts nothing: its tokens have a name there — write what is meant in its place`},
	{"issuer: secret_files: [my-app.secret], audience: [<client id>, jitsi]", `4:53: error: audience has the placeholder <client id> in it, for which usher puts nothing: tokens have a name there — write what is meant in its place`},
	{"issuer: jwks_url: 'https://login.microsoftonline.com/{tenantid}/discovery/v2.0/keys', algorithms: [RS256]", `4:21: error: jwks_url has the placeholder {tenantid} in it, for which usher puts nothing: a key server has a name there — write what is meant in its place`},
	{"issuer: asap_url: 'file:///etc/jitsi/keys', algorithms: [RS256]", `4:21: error: asap_url: a file of this machine is no key server: usher fetches keys over https only — write its public keys as PEM into a file, and name that under public_key_files`},
	{"issuer: jwks_url: /etc/usher/keys.json, algorithms: [RS256]", `4:21: error: jwks_url: a file of this machine is no key server: usher fetches keys over https only — write its public keys as PEM into a file, and name that under public_key_files`},
}

func TestConfigMatchesNobody(t *testing.T) {
	dir := configtest.KeyFolder(t)
	for _, row := range badNames {
		_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", row.content(), 0o640))
		got := strings.ReplaceAll(strings.TrimSuffix(configtest.Printed(problems, dir), "\n"), "usher.yaml:", "")
		if got != row.want {
			t.Errorf("%q:\n got %s\nwant %s", row.config, got, row.want)
		}
	}
}

// TestConfigSecretsAsPeopleWriteThem: what editors, shells and manuals make of a secret file is named, with the setting.
func TestConfigSecretsAsPeopleWriteThem(t *testing.T) {
	dir := configtest.KeyFolder(t)
	raw, _ := hex.DecodeString(configtest.LongSecret)
	std, url := base64.StdEncoding.EncodeToString(raw[:32]), base64.RawURLEncoding.EncodeToString(raw[:32])
	public, _ := os.ReadFile(filepath.Join(dir, "rsa.pem"))
	block, _ := pem.Decode(public)
	bare := base64.StdEncoding.EncodeToString(block.Bytes)
	const (
		looks  = `warning: the secret file "x": it looks like base64, and is taken as it is written — set secret_encoding: base64 if the issuer decodes it before it signs; secret_encoding: plain says that it does not, and ends this warning`
		space  = `warning: the secret file "x": it has white space at an end, which is a part of the secret — take it out, unless the issuer signs with it`
		octet  = `error: the secret file "x": the file holds a JWK of a shared secret, and not the secret — write the value of its member k into the file, without quotes, and set secret_encoding: base64`
		quotes = `warning: the secret file "x": it stands in quotes, which are a part of the secret — take the quotes out, unless the issuer signs with them`
	)
	wide := func(text string) string { return strings.Join(strings.Split(text, ""), "\x00") + "\x00" }
	for _, row := range []struct{ content, more, want string }{
		{configtest.LongSecret + "\n", "", ""},
		{configtest.LongSecret + "\r\n", "", ""},
		{configtest.LongSecret + "\n\n", "", `warning: the secret file "x": it ends with more than one line end, and only the last one is no part of the secret — keep one`},
		{configtest.LongSecret + " \n", "", space},
		{"\t" + configtest.LongSecret, "", space},
		{`"` + configtest.LongSecret + `"`, "", quotes},
		{"'" + configtest.LongSecret + "'\n", "", quotes},
		{"\xef\xbb\xbf" + configtest.LongSecret, "", `warning: the secret file "x": it begins with a byte order mark, which is a part of the secret — save the file as UTF-8 without one`},
		{"JWT_APP_SECRET=" + configtest.LongSecret, "", `warning: the secret file "x": it looks like a line of an environment file (NAME=secret), and all of it is the secret — keep only what stands after the =`},
		{configtest.LongSecret + "\n" + configtest.LongSecret, "", `warning: the secret file "x": it has several lines, which are one secret — put each secret into a file of its own`},
		{std, "", looks},
		{url, "", looks},
		{"Zq3+x9Lk0/PwT7vB2nMdYc8RsGhJ4aUeQ1oXiVf5", "", looks}, // openssl rand -base64 30
		{"Zq3bx9Lk0cPwT7vB2nMdYc8RsGhJ4aUeQ1oXiVf5", "", ""},    // letters and digits, as a password manager draws them
		{std, "secret_encoding: plain", ""},
		{std, "secret_encoding: base64", ""},
		{url, "secret_encoding: base64", ""},
		{configtest.LongSecret, "secret_encoding: base64", `warning: the secret file "x": it holds hexadecimal digits, which are decoded as base64 — set secret_encoding: plain if the issuer signs with the digits as they are`},
		{`"` + std + `"`, "secret_encoding: base64", `error: the secret file "x": the secret is not base64: it stands in quotes, which are a part of the secret — take it out`},
		{base64.StdEncoding.EncodeToString(raw[:25]), "secret_encoding: base64", `error: the secret file "x": the secret was decoded as base64 and has 25 bytes then, and 32 are the least — set secret_encoding: plain if it was meant as it stands, or make a new one (openssl rand -base64 32)`},
		{`{"kty":"oct","k":"` + url + `"}`, "", octet},
		{`{"keys": [{"kty": "oct", "k": "` + url + `"}]}`, "secret_encoding: base64", octet},
		{"\xff\xfe" + wide(configtest.LongSecret+"\r\n"), "", `warning: the secret file "x": it is text in UTF-16, in which every letter has two bytes, and all of them are the secret — save the file as UTF-8: iconv -f UTF-16 -t UTF-8`},
		{"\xff\xfe" + wide(std), "secret_encoding: base64", `error: the secret file "x": the secret is not base64: it is text in UTF-16, in which every letter has two bytes, and all of them are the secret — save the file as UTF-8: iconv -f UTF-16 -t UTF-8`},
		{"not base64!" + configtest.LongSecret, "secret_encoding: base64", `error: the secret file "x": the secret is not base64 — correct it, or set secret_encoding: plain`},
		{base64.StdEncoding.EncodeToString([]byte(configtest.LongSecret + "\n")), "secret_encoding: base64", `warning: the secret file "x": what it decodes to ends with a line end, which is a part of the secret — encode it without one: printf %s SECRET | base64 -w0`},
		{string(public), "", `error: the secret file "x": the file holds a PEM, DER or JWK key, not a shared secret — name it under public_key_files`},
		{bare, "", `error: the secret file "x": the file holds a PEM, DER or JWK key, not a shared secret — name it under public_key_files`},
		{"-----BEGIN PRIVATE KEY-----\n" + bare, "", `error: the secret file "x": the file holds a private key, not a shared secret — keep it where tokens are made, and name its public half under public_key_files (openssl pkey -pubout)`},
	} {
		configtest.PutFile(t, dir, "x", row.content, 0o640)
		checkRow(t, dir, "issuer: secret_files: [x], "+row.more, row.want)
	}
	for _, row := range []struct{ content, want string }{
		{"\xff\xfe" + wide(string(public)), `the file is text in UTF-16 — save the file as UTF-8: iconv -f UTF-16 -t UTF-8`},
		{`{"kty":"oct","k":"` + url + `"}`, `the file holds a JWK of a shared secret — write the value of its member k into a file, name that under secret_files, and set secret_encoding: base64`},
		{bare, `the file holds a key in base64 without the lines around it — put -----BEGIN PUBLIC KEY----- in a line before it and -----END PUBLIC KEY----- after it`},
		{bare[:64] + "\n" + bare[64:], `the file holds a key in base64 without the lines around it — put -----BEGIN PUBLIC KEY----- in a line before it and -----END PUBLIC KEY----- after it`},
		{string(block.Bytes), `the file holds a key in DER — turn it into PEM: openssl pkey -pubin -inform DER`},
		{"\xef\xbb\xbf" + string(public), `the file begins with a byte order mark — save it as UTF-8 without one`},
		{strings.ReplaceAll(string(public), "\n", `\n`), `the file has \n as two characters where its lines end — put line ends there (printf '%b')`},
		{"ssh-rsa AAAA", `the file holds a key of OpenSSH — turn it into PEM: ssh-keygen -e -m PKCS8 -f FILE`},
		{`{"kty":"RSA"}`, `the file holds JSON — turn the JWK into PEM, or name the address that publishes it under jwks_url`},
	} {
		configtest.PutFile(t, dir, "x", row.content, 0o640)
		checkRow(t, dir, "issuer: public_key_files: [x], algorithms: [RS256]", `error: the public key file "x": `+row.want)
	}
	configtest.PutFile(t, dir, "x", `"0123456789abcdef"`, 0o640)
	checkRow(t, dir, "top: http_secret_file: x", `error: the http secret file "x": it stands in quotes, which are a part of the secret — take the quotes out, unless the issuer signs with them`)
	checkRow(t, dir, "top: component: {jid: usher.h, secret_file: x}", `warning: component: no host has muc, so that usher has no rooms in which to set anything — name the components with rooms under muc, such as conference.h`+
		`warning: the component secret file "x": it stands in quotes, which are a part of the secret — take the quotes out, unless the issuer signs with them`)
}

// checkRow is a row whose place does not matter.
func checkRow(t *testing.T, dir, config, want string) {
	t.Helper()
	_, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: config}.content(), 0o640))
	var got strings.Builder
	for _, p := range problems {
		text := strings.ReplaceAll(p.String(), dir+"/", "")
		_, text, _ = strings.Cut(text, " ") // usher.yaml:1:1:
		got.WriteString(text)
	}
	if got.String() != want {
		t.Errorf("%q:\n got %s\nwant %s", config, got.String(), want)
	}
}

func TestOriginsAsBrowsersWriteThem(t *testing.T) {
	dir := configtest.KeyFolder(t)
	c, problems := Load(configtest.PutFile(t, dir, "usher.yaml", badConfig{config: "gateway: origins: ['https://meet.example.com:443', 'https://MEET.example.com', " +
		"'http://meet.example.com:80', 'https://meet.example.com:8443', 'https://[::1]:443', 'https://münchen.example', capacitor://localhost]"}.content(), 0o640))
	if c == nil {
		t.Fatal(configtest.Printed(problems, dir))
	}
	want := "https://meet.example.com http://meet.example.com https://meet.example.com:8443 https://[::1] https://xn--mnchen-3ya.example capacitor://localhost"
	if got := strings.Join(c.Gateway.Origins, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
