package auth

import (
	"fmt"

	"usher/auth/keys"
)

// hintSignature says which mistake would explain a signature that no key made:
// a secret that its issuer reads in another way, or another issuer's key. It
// is empty if none does. It costs a signature for each guess, so it is for
// explanations alone.
func hintSignature(a *attempt) string {
	signature, refusal := a.decode(a.parts.signature, "signature")
	if refusal != nil {
		return ""
	}
	if hint := a.issuer.keys.Misread(a.header.alg, a.parts.signed, signature); hint != "" {
		return hint
	}
	for name, h := range a.rules.hosts {
		for id, other := range h.issuers {
			if k := a.signedBy(other, signature); k != nil {
				return fmt.Sprintf("it was made by key %s of issuer %q of %s: the token names another iss or kid", k, id, name)
			}
		}
	}
	return ""
}

// signedBy returns the key of an issuer that made the signature, whatever kid
// the token names.
func (a *attempt) signedBy(i *issuerRules, signature []byte) *keys.Key {
	var found [keys.MaxTried]*keys.Key
	for _, k := range i.keys.Candidates(found[:0], a.header.alg, "") {
		if k.Verifies(a.header.alg, a.parts.signed, signature) {
			return k
		}
	}
	return nil
}
