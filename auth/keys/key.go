package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"usher/internal/text"
)

// MaxKeyID bounds a kid, in bytes.
const MaxKeyID = 256

// A Key verifies signatures: an HMAC secret, or a public key. It is made by
// [ParseSecret], [ParsePublicKeys] or a key source, and never changes but for
// the time of its last use.
type Key struct {
	id     string
	label  string
	kind   keyKind
	verify map[*Algorithm]verifyFunc // what the key may be used for, and how
	secret []byte                    // kindHMAC: it also signs
	print  string
	size   int          // bytes of a signature; 0: the algorithm says
	used   atomic.Int64 // when it last verified a token, in seconds since 1970
}

// MarkUsed notes that the key verified a token.
func (k *Key) MarkUsed(now time.Time) {
	if s := now.Unix(); k.used.Load() != s { // written seldom: many processors read it
		k.used.Store(s)
	}
}

func (k *Key) lastUse() int64 { return k.used.Load() }

// same reports whether two keys are one: by kid, numbers and algorithms.
func (k *Key) same(other *Key) bool {
	either := func(_, _ verifyFunc) bool { return true }
	return k.id == other.id && k.print == other.print && maps.EqualFunc(k.verify, other.verify, either)
}

// algorithms returns the names of what the key may be used for.
func (k *Key) algorithms() []string {
	var names []string
	for i := range algorithmList {
		if k.verify[&algorithmList[i]] != nil {
			names = append(names, algorithmList[i].name.String())
		}
	}
	return names
}

// fingerprint tells keys apart by their material alone: 32 hexadecimal
// characters. It is kept with the sessions of the key's tokens, and tells
// no more of a secret than one of these tokens does.
func fingerprint(material []byte) string {
	mac := hmac.New(sha256.New, material)
	mac.Write([]byte("usher key fingerprint"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// String returns the key's name for logs: its kid (RFC 7517 section 4.5), or
// else its label, the name of the file that it came from.
func (k *Key) String() string {
	if k.id != "" {
		return text.Name(k.id)
	}
	return text.Name(k.label)
}

// rsaStep divides the sizes of RSA keys that are made, in bytes: 2,048 bits, 3,072, 4,096 and so on.
const rsaStep = 128

// CutShort tells a signature of which the end is missing from one that none of
// the keys made: it has fewer bytes than any that they make by this algorithm,
// and wants is how many the shortest of these has. There must be a key.
func CutShort(keys []*Key, a *Algorithm, has int) (wants int, cut bool) {
	wants = keys[0].signatureSize(a)
	for _, k := range keys {
		wants = min(wants, k.signatureSize(a))
	}
	if has == 0 || has >= wants || a.kind == kindRSA && has%rsaStep == 0 { // a smaller key of RSA made it
		return wants, false
	}
	return wants, true
}

// signatureSize returns how many bytes a signature has (RFC 7518 sections 3.2 to 3.5, RFC 8032 section 5.1.6).
func (k *Key) signatureSize(a *Algorithm) int {
	switch {
	case k.size > 0:
		return k.size
	case a.kind == kindEC:
		return 2 * ((a.curve.Params().BitSize + 7) / 8)
	case a.kind == kindOKP:
		return ed25519.SignatureSize
	}
	return a.hash.Size()
}

// GoString keeps the secret out of a %#v.
func (k *Key) GoString() string { return "keys.Key(" + k.String() + ")" }

// LogValue keeps the secret out of every log.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// SameMaterial reports whether two keys verify the same signatures, whatever they are called.
func (k *Key) SameMaterial(other *Key) bool { return k.print == other.print }

// Symmetric reports whether the key is a shared secret.
func (k *Key) Symmetric() bool { return k.kind == kindHMAC }

// Kind returns the key's family: hmac, rsa, ec or okp.
func (k *Key) Kind() string { return string(k.kind) }

// Allows reports whether the key can verify the algorithm with this name.
func (k *Key) Allows(alg string) bool { return k.verify[AlgorithmNamed(alg)] != nil }

// SigningKey returns what makes tokens that k verifies. It is an error for a
// public key.
func (k *Key) SigningKey(alg string) (SigningKey, error) {
	if !k.Symmetric() {
		return SigningKey{}, errors.New("a public key cannot sign")
	}
	return SecretSigningKey(k.secret, alg)
}

// Verifies reports whether the key made the signature of an input, by this
// algorithm, if it may be used for it.
func (k *Key) Verifies(a *Algorithm, input *Input, signature []byte) bool {
	verify := k.verify[a]
	return verify != nil && verify(input, signature)
}

// Named reports whether the key has exactly this ID.
func (k *Key) Named(kid string) bool { return k.id != "" && k.id == kid }

// Thumbprint returns what tells keys apart: 32 hexadecimal characters.
func (k *Key) Thumbprint() string { return k.print }

// fits reports whether the key may verify a, and a token that names kid. A
// key without an ID fits every kid: it is told by its signature alone.
func (k *Key) fits(a *Algorithm, kid string) bool {
	return k.verify[a] != nil && (kid == "" || k.id == "" || kid == k.id)
}

// newSecretKey returns an HMAC key for the algorithms whose hash is at most
// as long as the secret (RFC 7518 section 3.2), or for all of them if weak.
func newSecretKey(secret []byte, label string, weak bool) *Key {
	k := &Key{label: label, kind: kindHMAC, secret: secret, print: fingerprint(secret)}
	k.verify = map[*Algorithm]verifyFunc{}
	for i := range algorithmList {
		a := &algorithmList[i]
		if a.symmetric() && (weak || len(secret) >= a.hash.Size()) {
			k.verify[a] = verifyMAC(a, secret)
		}
	}
	return k
}

// newPublicKey accepts what a token may be verified with: RSA of 2,048 to
// 8,192 bits, the curves P-256, P-384 and P-521, and Ed25519.
func newPublicKey(public any) (*Key, error) {
	kind, err := publicKind(public)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("a key that cannot be written down: %w", err)
	}
	k := &Key{kind: kind, verify: map[*Algorithm]verifyFunc{}, print: fingerprint(der)}
	if r, ok := public.(*rsa.PublicKey); ok {
		k.size = r.Size()
	}
	for i := range algorithmList {
		a := &algorithmList[i]
		if ec, ok := public.(*ecdsa.PublicKey); a.kind != kind || ok && ec.Curve != a.curve {
			continue
		}
		k.verify[a] = verifyPublic(a, public)
	}
	return k, nil
}

// only restricts the key to one algorithm, as a JWK's alg member does.
func (k *Key) only(alg string) {
	named := AlgorithmNamed(alg)
	for a := range k.verify {
		if a != named {
			delete(k.verify, a)
		}
	}
}
