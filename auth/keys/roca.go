package keys

import "math/big"

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
