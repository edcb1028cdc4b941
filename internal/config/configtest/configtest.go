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

// KeyFolder returns a folder with the key files that the samples name.
func KeyFolder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	PutFile(t, dir, "rsa.pem", rsaPEM, 0o644)
	PutFile(t, dir, "ec.pem", publicPEM(t, ecKey.Public()), 0o644)
	ca := certificatePEM(t, ecKey)
	PutFile(t, dir, "ca.pem", "# our own CA\n"+ca, 0o644)
	PutFile(t, dir, "cut.pem", ca+ca[:len(ca)/2]+ca, 0o644)
	PutFile(t, dir, "my-app.secret", ShortSecret+"\n", 0o640)
	PutFile(t, dir, "copy.secret", ShortSecret, 0o640)
	PutFile(t, dir, "other.secret", LongSecret+"\n", 0o600)
	PutFile(t, dir, "open.secret", LongSecret, 0o644)
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

// DeployInFull is Deploy with every setting that stands in a comment, and every empty list of rooms filled.
func DeployInFull(t testing.TB, dir string) string {
	t.Helper()
	setting := regexp.MustCompile(`(?m)^( *)# ( *[a-z_]+:(?: +(?:\S+|\[[^\]\n]*\]|\{[^}\n]*\}))?(?: +#.*)?)$`)
	text := setting.ReplaceAllString(Deploy(t, dir), "$1$2")
	return strings.NewReplacer("muc: []", "muc: [conference.meet.example.com]", "rooms: {} ",
		`rooms: {"*": off, "board-*": on} `,
		"whitelist: []", "whitelist: [recorder@recorder.meet.example.com]", "guests: []",
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
		"true", "false", "7", "600", "20000", "7s", "2h", "sqlite:/var/lib/usher/another.db", "debug", "json", "gate",
		"none", "demote", "unicode", "any", "domain", "tenant", "base64", "memory:",
		"/run/usher/another.sock", "127.0.0.1:4711", "http://127.0.0.1:4711", "https://id.example.org/keys",
		"another.example.org", "another", "another-",
		"[]", "[another]", "[another.example.org]", "[HS256, HS384]", "[RS512]", "[https://another.example.org]",
		"[10.0.0.0/8]", "[focus@another.example.org]",
		"[claim=value]", "[1]", "[0]", `{"*": on}`, `{"*": off, "board-*": off}`, "on", "off",
		`{another: "realm_access.roles=another"}`,
	}
}
