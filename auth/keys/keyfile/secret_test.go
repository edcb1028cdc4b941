package keyfile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

// TestKeysAreNoSecrets: a key that others may have is no shared secret, in whatever form a file holds it, and however
// short secrets may be.
func TestKeysAreNoSecrets(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	modulus := new(big.Int).Lsh(big.NewInt(1), 2047)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}}
	for name, der := range map[string][]byte{
		"PKIX":        must(x509.MarshalPKIXPublicKey(&key.PublicKey)),
		"PKCS1":       x509.MarshalPKCS1PublicKey(&rsa.PublicKey{N: modulus, E: 65537}),
		"PKCS8":       must(x509.MarshalPKCS8PrivateKey(key)),
		"CERTIFICATE": must(x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)),
	} {
		text := base64.StdEncoding.EncodeToString(der)
		block := string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}))
		refused(t, name+" in DER", string(der), Plain)
		refused(t, name+" in base64", text, Plain)
		refused(t, name+" in lines of base64", text[:20]+"\n"+text[20:], Plain)
		refused(t, name+" decoded", text, Base64)
		refused(t, name+" in PEM", block, Plain)
		refused(t, name+" in PEM behind a comment", "# ours\n"+block, Plain)
		refused(t, name+" in PEM, decoded", base64.StdEncoding.EncodeToString([]byte(block)), Base64)
	}
	for name, content := range map[string]string{
		"a JWK":          `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}`,
		"a JWK, indent":  "  {\n  \"kty\": \"RSA\",\n  \"n\": \"AQAB\", \"e\": \"AQAB\"\n}\n",
		"a JWK, marked":  ByteOrderMark + `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
		"a JWK's secret": `{"kty" : "oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}`,
		"of OpenSSH":     "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl me@example.com",
	} {
		refused(t, name, content, Plain)
		refused(t, name+" decoded", base64.StdEncoding.EncodeToString([]byte(content)), Base64)
	}
	for _, secret := range []string{
		`{"secret":"3b1f6a0c9d8e7f6a5b4c3d2e1f0a9b8c"}`, `the "kty" of 3b1f6a0c9d8e7f6a5b4c3d2e1f0a9b8c`,
		"3b1f6a0c9d8e7f6a5b4c3d2e1f0a9b8c ssh-", "MIIB3b1f6a0c9d8e7f6a5b4c3d2e1f0a9b8c",
	} {
		if got, err := ReadSecret([]byte(secret), Plain, false); err != nil || string(got) != secret {
			t.Errorf("%q is no secret: %v", secret, err)
		}
	}
}

// refused wants a file refused, also where secrets may be short, and without any of it in the error.
func refused(t *testing.T, name, content string, encoding Encoding) {
	t.Helper()
	for _, weak := range []bool{false, true} {
		secret, err := ReadSecret([]byte(content), encoding, weak)
		if err == nil || secret != nil || len(content) > 0 && strings.Contains(err.Error(), content) {
			t.Errorf("%s, weak %v: %v", name, weak, err)
		}
	}
}

// TestSecretLengths: 32 bytes are enough, after base64 is decoded, and fewer only where that is said; none never are.
func TestSecretLengths(t *testing.T) {
	for _, n := range []int{1, 31, 32, 33} {
		secret := strings.Repeat("k", n-1) + "!"
		for content, encoding := range map[string]Encoding{
			secret: Plain, base64.StdEncoding.EncodeToString([]byte(secret)): Base64,
			base64.RawURLEncoding.EncodeToString([]byte(secret)) + "\n": Base64,
		} {
			for _, weak := range []bool{false, true} {
				got, err := ReadSecret([]byte(content), encoding, weak)
				if good := n >= 32 || weak; (err == nil) != good || good && string(got) != secret {
					t.Errorf("%d bytes, %s, weak %v: %v", n, encoding, weak, err)
				}
			}
		}
	}
	for _, encoding := range []Encoding{Plain, Base64} {
		for _, content := range []string{"", "\n", "\r\n"} {
			refused(t, fmt.Sprintf("%q", content), content, encoding)
		}
	}
	refused(t, "padding alone", "====", Base64)
	lines := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 60)))
	refused(t, "base64 in lines", lines[:40]+"\n"+lines[40:], Base64)
}

// TestUnknownDigests: a secret whose digest is before, between or behind all of the list's is none of them.
func TestUnknownDigests(t *testing.T) {
	for i := range 50_000 { // one in 6,900 is behind
		if secret := fmt.Sprintf("a secret of nobody's, %d", i); knownSecret([]byte(secret)) {
			t.Fatalf("%q is known", secret)
		}
	}
}
