package keys

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
)

const (
	minRSABits = 2048
	maxRSABits = 8192
)

// publicKind checks the key's strength.
func publicKind(public any) (keyKind, error) {
	switch p := public.(type) {
	case *rsa.PublicKey:
		if bits := p.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return "", fmt.Errorf("an RSA key of %d bits; use %d to %d", bits, minRSABits, maxRSABits)
		}
		if p.E < 3 || p.E%2 == 0 {
			return "", fmt.Errorf("an RSA key with the public exponent %d; use 65537", p.E)
		}
		if hasROCA(p.N) {
			return "", errors.New("an RSA key that can be factored (CVE-2017-15361); make a new one")
		}
		return kindRSA, nil
	case *ecdsa.PublicKey:
		if _, err := p.ECDH(); err != nil { // also checks that the point is on the curve
			return "", fmt.Errorf("an elliptic curve key that is not on P-256, P-384 or P-521: %w", err)
		}
		return kindEC, nil
	case ed25519.PublicKey:
		if len(p) != ed25519.PublicKeySize {
			return "", fmt.Errorf("an Ed25519 key of %d bytes", len(p))
		}
		return kindOKP, nil
	}
	return "", fmt.Errorf("a key of type %T; use RSA, an elliptic curve or Ed25519", public)
}

// rocaPrimes are the primes that the fingerprint of CVE-2017-15361 looks at:
// in an affected RSA modulus, the residue of each is a power of 65537.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// hasROCA reports whether a modulus has the fingerprint of the factorable
// keys that some smart cards made (Nemec et al., "The Return of
// Coppersmith's Attack", 2017). A sound key has it once in 2^28.
func hasROCA(modulus *big.Int) bool {
	for _, p := range rocaPrimes {
		residue := new(big.Int).Mod(modulus, big.NewInt(p)).Int64()
		if !isPowerOf65537(residue, p) {
			return false
		}
	}
	return true
}

func isPowerOf65537(residue, p int64) bool {
	power := int64(1)
	for range p {
		if power == residue {
			return true
		}
		power = power * 65537 % p
	}
	return false
}
