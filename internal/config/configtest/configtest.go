// Package configtest has what tests of a configuration need: key files, and the
// example that operators copy, as it is and with every setting in it.
package configtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

// Secrets that are in the files of KeyFolder.
const (
	ShortSecret = "f1b0c3a98d5e47e6a2c4907b61d8e35f" // 32 bytes: HS256 only
	LongSecret  = ShortSecret + "0a9b8c7d6e5f40312213f4e5d6c7b8a9"
)

// rsaPEM is a public key of 2,048 bits. To make one takes longer than most tests.
const rsaPEM = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArxuKBHEN/LiNyt82Tvmr
6suIysuLNFFDnD2hV95wrY4kFcKa/S+ZrSFK6a0oPQKOxkWsQiUJJKaOUVNje2qn
o9eY2pkVjOnNNpHUoTmaJLYcJXlxs3bQmns7E6ZolJUhTBAnRG5a20vUBVPxOScE
cV2UCbho7NwF8dx8FLXIKkw9QoqnQ/JO01/BYdn8e1KNI808y+DPN1Uq2hkbEkKU
vp3sZQQBvDC8smH+pv/M+F1xIYXmybbEjzm28OLXvtmySbLEpUPBsNz7FRCEXT8j
jUgaaoRCx24HdubeF7/aFn4caFxmxLcGHItv1PsTBeXCTT3h4Ba2i3KDNoBeVFGr
gQIDAQAB
-----END PUBLIC KEY-----
`

// InnerPEM is a private key of 2,048 bits that a relay signs with.
const InnerPEM = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCqMyRprZ/woAlN
ND07CVPvxrbLRaVvM4p4zeDUGMfchTcXbR2tf0G5X/SnOdkuOEO8tca3eZMXuvR4
rRyiIlP7aHby3WQTpiAiPQuie5wadLPyz5mkJ2SqHRM7vP3kXfjF6ZWltXcA1VXS
EaU+zNPYaECwJDDe4j9jaaaFqkXV3OGCygJrPI1ft4LrtNOXqyr+ep28T2ZxmUNS
n50TuRAnIzkqDLpKWghQ/HBU3wPRbFYtIjhPVnZ9LCLyIFS8cyqknsn/cWOU4DNj
uI/ppuj4tX/G7Xv6wfXzNj0DTNaZrm2kKx1J1q1wzmZGa7rSnaP6BHZ3tTwfUPQk
4kKZv9ZjAgMBAAECggEAHGuYz3q6I+SdWQJ5nQOUPAw7Fttk4hpBq6V5PwF6UjT+
e49xbri6wVkoEcqDnQexK/BQo++No99IlmQVzW8dBfSuNCTK4ssRP5Zg/HtWmEZX
jBqlZbdcRFnBje6jmMAmW+oC3p5cJkv5XjArHz71uwPBlYgdjwJJonCQaW6C5dCM
M1tUCdz+RYRAWm1pWJQTH6hf7ROMJok/mvXs6JaEK67ABIdEbwEayMB1l/0GEO4G
hGR1zE7Xir6tI/bK+7LHPLL2UX5cbrOM3eLyJykY2hMfZXdhHnJebUp6zEnKEvDF
wveZnjmK7HtD1oyYgd8CQ8/a/krp2LEuanjUgQ/h0QKBgQDRNpNKUMYqZYgF4XiZ
w8X6g7Lg3c1kUq8UkpfsEBULveHDZNAz11yghw1nBpC/zU3g3IbS7AHhl0DQo8tM
7nFTCy5H8rEBM1KToWdSJvp8sYLZv1wgSuBmbf0tt/Nl/js4VXmGm5fRoBgn8wQy
vEBN3g2GFAX43hmrr7Mx4nlSsQKBgQDQQw4EmvV0H8EBxFrCR1RNA3QDP2/WoaX0
N1s+ALflJ1Mg8Pxz9mMEcU3Z77+7SSkyY8cr3s5zSs6/8fSJPNwlZJceF9LmyIdy
XdxqkSgZ0G7K1g/gZh+l9k5nVsBZL4HV89DK7shhxihDu+DqeoVVwzWN+9iGRdvZ
dHbww4Y3UwKBgQDEeqihJnK05l10iGemoMGRn5WisStviGd8vp+GxyO8vzsDMe6G
gT8wUyU3GGdgegMlpnXIKHUr08y/JNSND3HGN73jO/0Xz4dBtlc+Q/UCngLxVFHE
0g0kpS8cfKFNrBEZusxCqmVOLTgCbKwIqdsKRfwVa0CglJUvM/bqZnLiQQKBgGIH
/lQ6oOl9fPuY8uPacZsi0fwpYzqTsqtnV0KzUdzDCwVJinwHcYqIzw2UJhtBj+vR
PdKvuVxZzUJa4TGsfS/4zo1yx2qs39z8w6FCHK8yBsThyG1nhOQ5MaTBGB+jFimg
8BpmFdq4TQG9MV0OOS8qiU4BS2XBAoC0qrwgPVBTAoGAVYRSddQpWH422uub2pcw
K76MeAmudOLn81DiuUZl/Cgxs+5sUWuYoSH0QOX/wmFJy9+iNE/5JeksCzbTECHt
Z+Je/CEZZ5kwYLhMsSrBKe+TobEO0GFvUE9ldI8b2C7AbwZJqHV2FOr1QqTO0vpM
9AUl2hJaYluH1Ei4Kzl+d4c=
-----END PRIVATE KEY-----
`

// innerPublic is the public half of InnerPEM.
const innerPublic = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqjMkaa2f8KAJTTQ9OwlT
78a2y0WlbzOKeM3g1BjH3IU3F20drX9BuV/0pznZLjhDvLXGt3mTF7r0eK0coiJT
+2h28t1kE6YgIj0LonucGnSz8s+ZpCdkqh0TO7z95F34xemVpbV3ANVV0hGlPszT
2GhAsCQw3uI/Y2mmhapF1dzhgsoCazyNX7eC67TTl6sq/nqdvE9mcZlDUp+dE7kQ
JyM5Kgy6SloIUPxwVN8D0WxWLSI4T1Z2fSwi8iBUvHMqpJ7J/3FjlOAzY7iP6abo
+LV/xu17+sH18zY9A0zWma5tpCsdSdatcM5mRmu60p2j+gR2d7U8H1D0JOJCmb/W
YwIDAQAB
-----END PUBLIC KEY-----
`

// KeyFolder returns a folder with the key files that the samples name.
func KeyFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	PutFile(t, dir, "rsa.pem", rsaPEM, 0o644)
	PutFile(t, dir, "inner.pem", InnerPEM, 0o640)
	PutFile(t, dir, "inner.pub", innerPublic, 0o644)
	PutFile(t, dir, "inner-2.pem", InnerPEM, 0o640)
	PutFile(t, dir, "inner.secret", strings.Repeat("inner-", 8)+"\n", 0o640)
	PutFile(t, dir, "ec.pem", publicPEM(t, ecKey.Public()), 0o644)
	ca := certificatePEM(t, ecKey)
	PutFile(t, dir, "ca.pem", "# our own CA\n"+ca, 0o644)
	PutFile(t, dir, "cut.pem", ca+ca[:len(ca)/2]+ca, 0o644)
	PutFile(t, dir, "my-app.secret", ShortSecret+"\n", 0o640)
	PutFile(t, dir, "copy.secret", ShortSecret+"\r\n", 0o640) // as an editor of Windows writes it
	PutFile(t, dir, "other.secret", LongSecret+"\n", 0o600)
	PutFile(t, dir, "open.secret", LongSecret, 0o644)
	PutFile(t, dir, "cluster.secret", strings.Repeat("cluster-", 8)+"\n", 0o640)
	PutFile(t, dir, "login.secret", strings.Repeat("login-", 8)+"\n", 0o640)
	PutFile(t, dir, "login-client.secret", "client secret\n", 0o640)
	PutFile(t, dir, "redis.secret", "pass word\n", 0o640)
	PutFile(t, dir, "sentinel.secret", "other\n", 0o640)
	PutFile(t, dir, "redis-ca.pem", ca, 0o644)
	PutFile(t, dir, "http.secret", "0123456789abcdef-._~\n", 0o640)
	PutFile(t, dir, "odd.secret", "0123456789abcdef+/==\n", 0o640)
	PutFile(t, dir, "weak.secret", "short\n", 0o640)
	PutFile(t, dir, "big.secret", strings.Repeat("x", 1<<17), 0o640)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o750); err != nil {
		t.Fatal(err)
	}
	return dir
}

func publicPEM(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func certificatePEM(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// PutFile writes a file with exactly this mode, whatever the umask, and returns its path.
func PutFile(t testing.TB, dir, name, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

// Printed returns the problems, one a line, without the folder's name.
func Printed[P fmt.Stringer](problems []P, dir string) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(strings.ReplaceAll(p.String(), dir+"/", "") + "\n")
	}
	return b.String()
}

// Deploy returns the example that operators copy, for the files of KeyFolder.
func Deploy(t testing.TB, dir string) string {
	t.Helper()
	content, err := os.ReadFile("../../deploy/usher.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("/etc/usher/component.secret", filepath.Join(dir, "other.secret"), "/etc/usher/",
		dir+"/", "peers: [prosody, ejabberd]", "peers: [root]").Replace(string(content))
}

// DeployInFull is Deploy with every setting that stands in a comment, and every empty list of rooms filled; the tokens
// of the sign-in last so long that every on_expiry is good.
func DeployInFull(t testing.TB, dir string) string {
	t.Helper()
	setting := regexp.MustCompile(`(?m)^( *)# ( *[a-z_.]+:(?: +(?:\S+|\[[^\]\n]*\]|\{[^}\n]*\}))?(?: +#.*)?)$`)
	text := setting.ReplaceAllString(Deploy(t, dir), "$1$2")
	return strings.NewReplacer("muc: []", "muc: [conference.meet.example.com]", "rooms: {} ",
		`rooms: {"*": off, "board-*": on} `,
		"whitelist: []", "whitelist: [recorder@recorder.meet.example.com]", "ttl: 15m ", "ttl: 1h ", "subject: domain", "subject: tenant", "guests: []",
		"guests: [guest.meet.example.com]").Replace(text)
}

// EachNode walks the values of a document with their paths.
func EachNode(node *yaml.Node, path []string, visit func(path []string, node *yaml.Node)) {
	visit(path, node)
	if node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		EachNode(node.Content[i+1], append(slices.Clone(path), node.Content[i].Value), visit)
	}
}

// Dumped returns a document as YAML.
func Dumped(t testing.TB, root *yaml.Node) string {
	t.Helper()
	out, err := yaml.Dump(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// Others are values of which one or the other is a good value of each key.
func Others() []string {
	return []string{
		"true", "false", "7", "600", "20000", "7s", "90s", "2h", "sqlite:/var/lib/usher/another.db", "debug", "json", "gate",
		"none", "demote", "unicode", "any", "domain", "tenant", "base64", "memory:",
		"/run/usher/another.sock", "127.0.0.1:4711", "http://127.0.0.1:4711", "https://id.example.org/keys",
		"another.example.org", "another", "another-",
		"[]", "[another]", "[another.example.org]", "[HS256, HS384]", "[RS512]", "[https://another.example.org]",
		"[10.0.0.0/8]", "[focus@another.example.org]",
		"[{host: meet.example.com, issuer: my-app, claim: another, audience: another}]",
		"{mobile: another}", "[openid, another]", `["*"]`, "join", "{another: claim}", "[claim=value]", "[1]", "[0]", `{"*": on}`, `{"*": off, "board-*": off}`, "on", "off",
		`{another: "realm_access.roles=another"}`, "rediss://another.example.org:6379", "rediss://another.example.org:6379/1",
	}
}
