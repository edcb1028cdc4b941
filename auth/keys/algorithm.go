package keys

import (
	"crypto"
	"crypto/elliptic"
	"slices"

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
