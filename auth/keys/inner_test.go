package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
)

func pemOf(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestInnerKey: RS256 by a private key, whose public half verifies what it signs; the header is exactly what Jitsi's
// modules want.
func TestInnerKey(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	pkcs8 := pemOf(t, "PRIVATE KEY", der, err)
	pkcs1 := pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private), nil)
	for name, content := range map[string]string{"PKCS #8": pkcs8, "PKCS #1": pkcs1} {
		key, err := ReadInnerKey([]byte(content))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		public, err := ParsePublicKeys([]byte(key.PublicPEM()), "x")
		if err != nil || !public[0].SameMaterial(key.Twin()) || key.Algorithm() != "RS256" || key.IsZero() {
			t.Errorf("%s: the public half is %v, %v", name, public, err)
		}
		if same, err := PublicPEM([]byte(content)); err != nil || same != key.PublicPEM() {
			t.Errorf("%s: %v", name, err)
		}
		checkInner(t, name, key, `{"alg":"RS256","typ":"JWT"}`)
		for _, shown := range []string{fmt.Sprintf("%v", key), fmt.Sprintf("%#v", key), key.String(), key.LogValue().String()} {
			if shown != "keys.InnerKey" {
				t.Errorf("%s is shown as %q", name, shown)
			}
		}
	}
	secret, doubts, err := ReadInnerSecret([]byte(strings.Repeat("s3cret-", 8) + "\n"))
	if err != nil || len(doubts) > 0 || secret.PublicPEM() != "" || secret.Algorithm() != "HS256" {
		t.Fatalf("a secret: %v, %v", doubts, err)
	}
	checkInner(t, "a secret", secret, `{"alg":"HS256","typ":"JWT"}`)
	if !(InnerKey{}).IsZero() {
		t.Error("no key is one")
	}
}

func checkInner(t *testing.T, name string, key InnerKey, want string) {
	t.Helper()
	token, err := key.Sign([]byte(`{"a":1}`))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
	if string(header) != want || string(payload) != `{"a":1}` {
		t.Errorf("%s signs %s %s", name, header, payload)
	}
	input := NewInput([]byte(parts[0] + "." + parts[1] + "."))
	if !key.Twin().Verifies(AlgorithmNamed(key.Algorithm()), &input, signature) {
		t.Errorf("%s: the twin does not verify it", name)
	}
}

// TestInnerKeyRefused: what cannot be such a key, with what to do. No message shows any of a key.
func TestInnerKeyRefused(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.MarshalPKCS8PrivateKey(curve)
	elliptical := pemOf(t, "PRIVATE KEY", ec, err)
	der, err := x509.MarshalPKIXPublicKey(curve.Public())
	public := pemOf(t, "PUBLIC KEY", der, err)
	weak := pemOf(t, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small), nil)
	for content, want := range map[string]string{
		"": "no PEM private key; make one", "secret": "no PEM private key; make one", public: "a public key; name the private one",
		weak: "1024 bits; use 2048", elliptical: "not RSA", elliptical + weak: "more than one PEM block",
		weak + "x": "more than one PEM block", pemOf(t, "PRIVATE KEY", []byte("x"), nil): "no private key that can be read",
	} {
		key, err := ReadInnerKey([]byte(content))
		if err == nil || !strings.Contains(err.Error(), want) || !key.IsZero() {
			t.Errorf("%.40q: %v, want %q", content, err, want)
		}
	}
	for content, want := range map[string]string{
		"short": "5 bytes, and 32 are the least; make a new one: openssl rand -hex 32", "": "is empty; make", public: "not a shared secret; make",
	} {
		if key, _, err := ReadInnerSecret([]byte(content)); err == nil || !strings.Contains(err.Error(), want) || !key.IsZero() {
			t.Errorf("%.40q: %v, want %q", content, err, want)
		}
	}
}
