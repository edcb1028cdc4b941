package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"

	"github.com/lestrrat-go/jwx/v2/jws"

	"usher/internal/text"
)

// A SigningKey makes tokens, for the command line, the demo and tests.
type SigningKey struct {
	alg    string // as it was asked for, and as the header names it
	signer jws.Signer
	key    any // []byte, *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey
}

// LogValue keeps the key out of every log.
func (SigningKey) LogValue() slog.Value { return slog.StringValue("keys.SigningKey") }

// GoString keeps the key out of a %#v.
func (SigningKey) GoString() string { return "keys.SigningKey" }

// String keeps the key out of a %v.
func (SigningKey) String() string { return "keys.SigningKey" }

// SecretSigningKey returns a key for HS256, HS384 or HS512.
func SecretSigningKey(secret []byte, alg string) (SigningKey, error) {
	return newSigningKey(secret, kindHMAC, alg)
}

// ParseSigningKey reads a PEM private key (PKCS #8, PKCS #1 or SEC 1).
func ParseSigningKey(content []byte, alg string) (SigningKey, error) {
	block, _ := pem.Decode(content)
	if block == nil {
		return SigningKey{}, errors.New("no PEM private key")
	}
	private, err := parsePrivate(block)
	if err != nil {
		return SigningKey{}, err
	}
	switch private.(type) {
	case *rsa.PrivateKey:
		return newSigningKey(private, kindRSA, alg)
	case *ecdsa.PrivateKey:
		return newSigningKey(private, kindEC, alg)
	case ed25519.PrivateKey:
		return newSigningKey(private, kindOKP, alg)
	}
	return SigningKey{}, fmt.Errorf("a private key of type %T", private)
}

func parsePrivate(block *pem.Block) (crypto.PrivateKey, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	return nil, fmt.Errorf("a PEM block %q; a PRIVATE KEY is needed", text.Name(block.Type))
}

func newSigningKey(key any, kind keyKind, alg string) (SigningKey, error) {
	a := AlgorithmNamed(alg)
	if a == nil || a.kind != kind {
		return SigningKey{}, fmt.Errorf("algorithm %q is not for %s keys", alg, kind)
	}
	if ec, ok := key.(*ecdsa.PrivateKey); ok && ec.Curve != a.curve {
		return SigningKey{}, fmt.Errorf("algorithm %q is not for a key on %s", alg, ec.Curve.Params().Name)
	}
	signer, err := jws.NewSigner(a.name)
	if err != nil {
		return SigningKey{}, err
	}
	return SigningKey{alg: alg, signer: signer, key: key}, nil
}

// Sign returns the signature of the signing input (RFC 7515 section 5.1).
func (k SigningKey) Sign(input []byte) ([]byte, error) { return k.signer.Sign(input, k.key) }

// Mint returns a token in compact form with these claims, and kid in its
// header unless that is empty.
func Mint(k SigningKey, kid string, claims map[string]any) (string, error) {
	header := map[string]string{"typ": "JWT", "alg": k.alg}
	if kid != "" {
		header["kid"] = kid
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("claims: %w", err)
	}
	return Compact(k, head, payload)
}

// Compact signs a header and a payload as they are.
func Compact(k SigningKey, header, payload []byte) (string, error) {
	input := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := k.Sign([]byte(input))
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}
