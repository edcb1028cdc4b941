package keys

import (
	"crypto/hmac"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash.New
	_ "crypto/sha512"
	"fmt"
	"hash"
	"sync"

	"github.com/lestrrat-go/jwx/v2/jws"
)

// A verifyFunc reports whether signature is one of input, by the one key and
// the one algorithm that it was made for. It sees the signing input as bytes
// and never a token: jwx's own parsers accept too much (threats.md, "The JOSE
// library"). No signature is checked in any other way.
type verifyFunc func(input, signature []byte) bool

// A mac is one keyed HMAC state and the room for its sum.
type mac struct {
	hash.Hash
	sum []byte
}

// verifyMAC compares in constant time. jwx keys a new HMAC for every token,
// which costs more than running it; here the keyed states are kept.
func verifyMAC(a *Algorithm, secret []byte) verifyFunc {
	states := &sync.Pool{New: func() any {
		return &mac{Hash: hmac.New(a.hash.New, secret), sum: make([]byte, 0, a.hash.Size())}
	}}
	return func(input, signature []byte) bool {
		m := states.Get().(*mac)
		defer states.Put(m)
		m.Reset()
		m.Write(input)
		m.sum = m.Sum(m.sum[:0])
		return hmac.Equal(m.sum, signature)
	}
}

// verifyPublic leaves RS, ES and EdDSA to jwx's low-level verifiers.
func verifyPublic(a *Algorithm, public any) (verifyFunc, error) {
	if a.pss {
		return verifyPSS(a, public.(*rsa.PublicKey)), nil
	}
	v, err := jws.NewVerifier(a.name)
	if err != nil {
		return nil, fmt.Errorf("verifier for %s: %w", a.name, err)
	}
	return func(input, signature []byte) bool { return v.Verify(input, signature, public) == nil }, nil
}

// verifyPSS wants the salt as long as the hash (RFC 7518 section 3.5). jwx
// takes a salt of any length.
func verifyPSS(a *Algorithm, public *rsa.PublicKey) verifyFunc {
	opts := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	return func(input, signature []byte) bool {
		h := a.hash.New()
		h.Write(input)
		return rsa.VerifyPSS(public, a.hash, h.Sum(nil), signature, opts) == nil
	}
}
