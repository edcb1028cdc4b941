package setup

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"

	"usher/auth/keys"
)

// keyBits is enough for a token of a minute; a longer key costs each login more.
const keyBits = 2048

// Random makes keys and secrets to be used.
type Random struct{}

// Secret makes 256 bits, as letters and digits.
func (Random) Secret() (string, error) {
	var bits [32]byte
	_, err := rand.Read(bits[:])
	return hex.EncodeToString(bits[:]), err
}

// KeyPair makes a key of RSA.
func (r Random) KeyPair() (private, public string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	public, err = r.Public(private)
	return private, public, err
}

// Public returns the other half of a key.
func (Random) Public(private string) (string, error) { return keys.PublicPEM([]byte(private)) }

// Later stands for what is made only when it is written: where plans are looked at, nothing may be pasted that is never
// in a file.
type Later struct{}

// Secret returns a text that can be no secret.
func (Later) Secret() (string, error) { return "", nil }

// KeyPair returns a text for the public half.
func (Later) KeyPair() (private, public string, err error) {
	return "", "-----BEGIN PUBLIC KEY----- of the key that --write makes", nil
}

// Public returns the other half of a key that is there.
func (Later) Public(private string) (string, error) { return keys.PublicPEM([]byte(private)) }
