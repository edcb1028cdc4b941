package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.Hash.New
	"hash"
	"slices"
	"sync"

	"github.com/lestrrat-go/jwx/v2/jwa"
)

// A keyKind is a family of keys that algorithms share. A key of one kind is
// never used for an algorithm of another.
type keyKind string

const (
	kindHMAC keyKind = "hmac"
	kindRSA  keyKind = "rsa"
	kindEC   keyKind = "ec"
	kindOKP  keyKind = "okp" // Ed25519
)

// An Algorithm is one row of the closed list of signature algorithms (RFC
// 7518 section 3.1, RFC 8037). "none" is not in it.
type Algorithm struct {
	name  jwa.SignatureAlgorithm
	kind  keyKind
	hash  crypto.Hash
	curve elliptic.Curve // for kindEC
	pss   bool           // RSASSA-PSS
}

var algorithmList = []Algorithm{
	{name: jwa.HS256, kind: kindHMAC, hash: crypto.SHA256},
	{name: jwa.HS384, kind: kindHMAC, hash: crypto.SHA384},
	{name: jwa.HS512, kind: kindHMAC, hash: crypto.SHA512},
	{name: jwa.RS256, kind: kindRSA, hash: crypto.SHA256},
	{name: jwa.RS384, kind: kindRSA, hash: crypto.SHA384},
	{name: jwa.RS512, kind: kindRSA, hash: crypto.SHA512},
	{name: jwa.PS256, kind: kindRSA, hash: crypto.SHA256, pss: true},
	{name: jwa.PS384, kind: kindRSA, hash: crypto.SHA384, pss: true},
	{name: jwa.PS512, kind: kindRSA, hash: crypto.SHA512, pss: true},
	{name: jwa.ES256, kind: kindEC, hash: crypto.SHA256, curve: elliptic.P256()},
	{name: jwa.ES384, kind: kindEC, hash: crypto.SHA384, curve: elliptic.P384()},
	{name: jwa.ES512, kind: kindEC, hash: crypto.SHA512, curve: elliptic.P521()},
	{name: jwa.EdDSA, kind: kindOKP},
}

// nameEd25519 is the name that RFC 9864 gives to what EdDSA is with the only
// curve that is supported here. The two are one algorithm, in headers, in JWKs
// and in the configuration.
const nameEd25519 = "Ed25519"

// Algorithms returns the names of the signature algorithms that an issuer may
// allow, as in the alg header.
func Algorithms() []string {
	names := make([]string, len(algorithmList), len(algorithmList)+1)
	for i, a := range algorithmList {
		names[i] = a.name.String()
	}
	return append(names, nameEd25519)
}

// AlgorithmNamed returns the algorithm with exactly this name, or nil.
func AlgorithmNamed(name string) *Algorithm {
	if name == nameEd25519 {
		name = jwa.EdDSA.String()
	}
	i := slices.IndexFunc(algorithmList, func(a Algorithm) bool { return a.name.String() == name })
	if i < 0 {
		return nil
	}
	return &algorithmList[i]
}

// String returns the name, as in the alg header.
func (a *Algorithm) String() string { return a.name.String() }

// PublicAlgorithms returns the names of those whose keys are published: who verifies cannot sign.
func PublicAlgorithms() []string {
	return slices.DeleteFunc(Algorithms(), func(name string) bool { return AlgorithmNamed(name).symmetric() })
}

// symmetric reports whether a is an HMAC algorithm, whose key both verifies and signs.
func (a *Algorithm) symmetric() bool { return a.kind == kindHMAC }

// An Input is what a signature is of (RFC 7515 section 5.1): of a token in compact form the text before its last dot.
type Input struct {
	dotted []byte // with the dot
	sum    [sha256.Size]byte
	summed bool
}

// NewInput takes the text with the dot behind it. The text must not change.
func NewInput(dotted []byte) Input { return Input{dotted: dotted} }

func (in *Input) signed() []byte { return in.dotted[:len(in.dotted)-1] }

// Sum returns the SHA-256 of the text with its dot. A key whose algorithm hashes the text so has left it here.
func (in *Input) Sum() [sha256.Size]byte {
	if !in.summed {
		in.sum, in.summed = sha256.Sum256(in.dotted), true
	}
	return in.sum
}

// A verifyFunc reports whether signature is one of input, by the one key and
// the one algorithm that it was made for. It sees the signing input as bytes
// and never a token: jwx's own parsers accept too much (docs/security.md,
// "Tokens"). No signature is checked in any other way.
//
// The cryptography is the standard library's, called by the key that was
// checked when it was loaded. jwx's verifiers come to the same calls, but find
// out anew for each token what kind of key they were handed and copy it; the
// test beside this file holds that both accept the same.
type verifyFunc func(input *Input, signature []byte) bool

// A summer is one hash, or one keyed HMAC, with room for its sum and for a
// signature in another form.
type summer struct {
	hash.Hash
	shares   bool // the hash is that of Input.Sum
	sum, der []byte
}

// of returns the sum of input. It is good until the next one.
func (s *summer) of(input *Input) []byte {
	text := input.signed()
	s.Reset()
	s.Write(text)
	s.sum = s.Sum(s.sum[:0])
	if s.shares && !input.summed {
		s.Write(input.dotted[len(text):])
		s.Sum(input.sum[:0])
		input.summed = true
	}
	return s.sum
}

// summers are kept: to key an HMAC costs more than to run it.
func summers(newHash func() hash.Hash, shares bool) *sync.Pool {
	return &sync.Pool{New: func() any { return &summer{Hash: newHash(), shares: shares} }}
}

// verifyMAC compares in constant time.
func verifyMAC(a *Algorithm, secret []byte) verifyFunc {
	pool := summers(func() hash.Hash { return hmac.New(a.hash.New, secret) }, false)
	return func(input *Input, signature []byte) bool {
		s := pool.Get().(*summer)
		defer pool.Put(s)
		return hmac.Equal(s.of(input), signature)
	}
}

// verifyPublic takes a key of which publicKind has found that it is the algorithm's.
func verifyPublic(a *Algorithm, public any) verifyFunc {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return verifyRSA(a, key)
	case *ecdsa.PublicKey:
		return verifyECDSA(a, key)
	default:
		return verifyEd25519(public.(ed25519.PublicKey))
	}
}

// verifyRSA wants the salt of PSS as long as the hash (RFC 7518 section 3.5). jwx
// takes a salt of any length.
func verifyRSA(a *Algorithm, public *rsa.PublicKey) verifyFunc {
	pool := summers(a.hash.New, a.hash == crypto.SHA256)
	opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return func(input *Input, signature []byte) bool {
		s := pool.Get().(*summer)
		defer pool.Put(s)
		if a.pss {
			return rsa.VerifyPSS(public, a.hash, s.of(input), signature, opts) == nil
		}
		return rsa.VerifyPKCS1v15(public, a.hash, s.of(input), signature) == nil
	}
}

// verifyECDSA wants R and S of the curve's length each (RFC 7518 section 3.4).
func verifyECDSA(a *Algorithm, public *ecdsa.PublicKey) verifyFunc {
	pool := summers(a.hash.New, a.hash == crypto.SHA256)
	size := (a.curve.Params().BitSize + 7) / 8
	return func(input *Input, signature []byte) bool {
		if len(signature) != 2*size {
			return false
		}
		s := pool.Get().(*summer)
		defer pool.Put(s)
		s.der = appendDER(s.der[:0], signature[:size], signature[size:])
		return ecdsa.VerifyASN1(public, s.of(input), s.der)
	}
}

func verifyEd25519(public ed25519.PublicKey) verifyFunc {
	return func(input *Input, signature []byte) bool { return ed25519.Verify(public, input.signed(), signature) }
}

// appendDER writes the numbers of a signature as crypto/ecdsa reads them: a
// SEQUENCE of two INTEGERs (RFC 3279 section 2.2.3). It is shorter than 256 bytes.
func appendDER(der, r, s []byte) []byte {
	const sequence, long = 0x30, 0x81
	r, s = bytes.TrimLeft(r, "\x00"), bytes.TrimLeft(s, "\x00")
	size := 2 + len(r) + sign(r) + 2 + len(s) + sign(s)
	der = append(der, sequence)
	if size > 127 {
		der = append(der, long)
	}
	return appendInteger(appendInteger(append(der, byte(size)), r), s)
}

func appendInteger(der, number []byte) []byte {
	const integer = 0x02
	der = append(der, integer, byte(len(number)+sign(number)))
	if sign(number) > 0 {
		der = append(der, 0)
	}
	return append(der, number...)
}

// sign returns how many bytes go before a number, so that its first bit does not
// make it negative, and zero has one.
func sign(number []byte) int {
	if len(number) == 0 || number[0]&0x80 != 0 {
		return 1
	}
	return 0
}
