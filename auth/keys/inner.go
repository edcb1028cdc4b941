package keys

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"

	"usher/auth/keys/keyfile"
)

// An InnerKey signs the inner tokens of one host, which Prosody verifies: RS256, with
// the public half in Prosody's configuration, or HS256, with a secret that both have.
type InnerKey struct {
	signing SigningKey
	header  []byte
	twin    *Key // verifies what the key signs
	public  string
}

// ReadInnerKey reads the private key of a file (PEM, RSA of 2,048 bits or more). The
// error says what is wrong and, after "; ", how to mend it.
func ReadInnerKey(content []byte) (InnerKey, error) {
	private, err := readRSA(content)
	if err != nil {
		return InnerKey{}, err
	}
	twin, err := newPublicKey(&private.PublicKey)
	if err != nil {
		return InnerKey{}, err
	}
	der, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return InnerKey{}, err
	}
	signing, err := newSigningKey(private, kindRSA, "RS256")
	if err != nil {
		return InnerKey{}, err
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return newInnerKey(signing, twin, public), nil
}

const mendInnerKey = "make one: openssl genrsa -out inner.pem 2048"

func readRSA(content []byte) (*rsa.PrivateKey, error) {
	blocks, rest := keyfile.Blocks(content)
	switch {
	case len(blocks) == 0:
		return nil, errors.New("the file holds no PEM private key; " + mendInnerKey)
	case len(blocks) > 1 || len(rest) > 0:
		return nil, errors.New("the file holds more than one PEM block; leave the private key alone in it")
	case blocks[0].Type == "PUBLIC KEY" || blocks[0].Type == "RSA PUBLIC KEY":
		return nil, errors.New("the file holds a public key; name the private one, whose public half Prosody has")
	}
	private, err := parsePrivate(blocks[0])
	if err != nil {
		return nil, errors.New("the file holds no private key that can be read; " + mendInnerKey)
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not RSA, and Jitsi's modules verify nothing else; " + mendInnerKey)
	}
	return key, nil
}

// ReadInnerSecret reads the secret of a file, as Prosody's app_secret has it, and what
// of it is rarely meant.
func ReadInnerSecret(content []byte) (InnerKey, []keyfile.Doubt, error) {
	twin, err := ParseSecret(content, keyfile.Plain, "", false)
	if err != nil {
		what, _, _ := strings.Cut(err.Error(), "; ")
		return InnerKey{}, nil, errors.New(what + "; make a new one: openssl rand -hex 32")
	}
	signing, err := twin.SigningKey("HS256")
	if err != nil {
		return InnerKey{}, nil, err
	}
	return newInnerKey(signing, twin, ""), keyfile.Doubts(content, keyfile.Plain, true), nil
}

// newInnerKey writes the header that Jitsi's modules want: nothing but alg and typ, as
// with a kid in it a key server that was left in Prosody's configuration would be asked.
func newInnerKey(signing SigningKey, twin *Key, public string) InnerKey {
	header := []byte(`{"alg":"` + signing.alg + `","typ":"JWT"}`)
	return InnerKey{signing: signing, header: header, twin: twin, public: public}
}

// Sign returns a token with these claims, which are JSON.
func (k InnerKey) Sign(claims []byte) (string, error) { return Compact(k.signing, k.header, claims) }

// Algorithm is that of the tokens, as Prosody's signature_algorithm names it.
func (k InnerKey) Algorithm() string { return k.signing.alg }

// PublicPEM is what Prosody has as app_secret for RS256. It is empty for HS256, where
// app_secret is the secret itself.
func (k InnerKey) PublicPEM() string { return k.public }

// Twin is what verifies the key's tokens: no issuer may have it.
func (k InnerKey) Twin() *Key { return k.twin }

// IsZero reports whether there is no key.
func (k InnerKey) IsZero() bool { return k.twin == nil }

// LogValue keeps the key out of every log.
func (InnerKey) LogValue() slog.Value { return slog.StringValue("keys.InnerKey") }

// GoString keeps the key out of a %#v.
func (InnerKey) GoString() string { return "keys.InnerKey" }

// String keeps the key out of a %v.
func (InnerKey) String() string { return "keys.InnerKey" }

// PublicPEM returns the public half of the private key of a file, as Prosody's
// app_secret for RS256 has it.
func PublicPEM(content []byte) (string, error) {
	key, err := ReadInnerKey(content)
	return key.PublicPEM(), err
}
