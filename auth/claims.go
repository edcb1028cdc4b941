package auth

import "usher/internal/strictjson"

// A ClaimsJudged refuses what a verified token says, or takes it. The claims are those that were signed, and are
// there for as long as it runs; the identity is what they prove at the token's host.
type ClaimsJudged func(id *Identity, claims *strictjson.Document) *Refusal

// DecideClaims runs the list of checks over a token that is for no login, such as a provider's ID token, and has
// what it says judged by more. Whoever goes on with it ends with [Verifier.Conclude], of the daemon's verifier.
func (v *Verifier) DecideClaims(c *Credentials, more ClaimsJudged) Decision {
	d := v.decide(c, attempted{judge: more})
	d.token = "" // the daemon's verifier would explain it by the rules of logins, and ask for its key
	return d
}

// NextFetch returns a channel that is closed when the next fetch of keys has ended, with or without success: a token
// that was not decided for want of its key ([ReasonKeysUnavailable]) may be then.
func (v *Verifier) NextFetch() <-chan struct{} { return v.keys.Next() }

// decideClaims runs the whole list: such a token comes once, and none of it is kept.
func (a *attempt) decideClaims() *Refusal {
	if refusal := a.authenticate(); refusal != nil {
		return refusal
	}
	a.id.Expires = recorded(a.span.expires)
	a.id.KeyPrint = a.key.Thumbprint()
	return a.judge(&a.id, &a.claims)
}
