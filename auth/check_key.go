package auth

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"usher/auth/keys"
	"usher/internal/text"
)

func checkKey(a *attempt) *Refusal {
	a.candidates = a.issuer.keys.Candidates(a.keyBuf[:0], a.header.alg, a.header.kid)
	if len(a.candidates) > 0 {
		return nil
	}
	if algs := a.issuer.keys.AlgorithmsOf(a.header.kid); len(algs) > 0 {
		return Refuse(ReasonUnknownKey, "the issuer's key %q is for %s, and the token's alg is %s; "+
			"have the application sign with one of them, or publish the key for it",
			text.Name(a.header.kid), strings.Join(algs, ", "), a.header.alg)
	}
	if !a.issuer.keys.Remote() {
		return Refuse(ReasonUnknownKey, "the issuer has no key %sfor %s; "+
			"name it under secret_files or public_key_files, or have the application sign with another",
			quotedKid(a), a.header.alg)
	}
	refusal := askForKey(a, ReasonUnknownKey, fmt.Sprintf("the issuer has no key %sfor %s", quotedKid(a), a.header.alg))
	// It may have come while it was asked for.
	if a.candidates = a.issuer.keys.Candidates(a.keyBuf[:0], a.header.alg, a.header.kid); len(a.candidates) > 0 {
		return nil
	}
	return refusal
}

func quotedKid(a *attempt) string {
	if a.header.kid == "" {
		return ""
	}
	return fmt.Sprintf("%q ", text.Name(a.header.kid))
}

func describeKeys(a *attempt) string {
	if len(a.candidates) == 1 {
		return "one key may have signed it"
	}
	return fmt.Sprintf("%d keys may have signed it", len(a.candidates))
}

// askForKey asks the key sources for the token's key, and returns a refusal:
// that the login cannot be decided yet, or if the sources are known not to have
// the key, for the reason. A token that would be refused whatever its key causes
// no fetch.
func askForKey(a *attempt, reason Reason, text string) *Refusal {
	if r := refusedAnyway(a); r != nil {
		return &Refusal{Reason: reason, Detail: text + "; " +
			"it is not asked for, as the token is refused whatever its key: " + r.Error()}
	}
	found := a.issuer.keys.Request(a.header.kid)
	if found.Pending {
		reason = ReasonKeysUnavailable
	}
	return &Refusal{Reason: reason, Detail: text + "; " + found.Detail, routine: !found.Trouble}
}

// refusedAnyway runs the checks that need neither key nor memory.
func refusedAnyway(a *attempt) *Refusal {
	for _, check := range []func(*attempt) *Refusal{
		checkExpiry, checkNotBefore, checkLifetime, checkTime, checkAudience, checkSubject,
	} {
		if r := check(a); r != nil {
			return r
		}
	}
	return nil
}

func checkSignature(a *attempt) *Refusal {
	if refusal := checkCut(a); refusal != nil {
		return refusal
	}
	signature, refusal := a.decode(a.parts.signature, "signature")
	if refusal != nil {
		return refusal
	}
	for _, key := range a.candidates {
		if host := a.rules.inner[key.Thumbprint()]; host != "" {
			return Refuse(ReasonBadSignature, "the key %s is that of the relay of host %q, whose tokens are for its "+
				"Prosody alone; give issuer %q a key of its own", key, host, text.Name(a.issuer.id))
		}
		if key.Verifies(a.header.alg, &a.parts.signed, signature) {
			a.key = key
			a.key.MarkUsed(a.now)
			a.id.Host, a.id.Issuer, a.id.KeyID = a.host.name, a.issuer.id, key.String()
			a.rules.headers.put(a.parts.header, a.header)
			return nil
		}
	}
	return refuseSignature(a)
}

// checkCut finds a token of which the end is missing, as mail programs and
// windows cut it: its signature is shorter than any that its keys make.
func checkCut(a *attempt) *Refusal {
	has := base64.RawURLEncoding.DecodedLen(len(a.parts.signature))
	wants, cut := keys.CutShort(a.candidates, a.header.alg, has)
	if !cut {
		return nil
	}
	return Refuse(ReasonMalformed, "the token seems to be cut: its signature has %d bytes, and one by %s has %d; "+
		"have the client send the whole token",
		has, a.header.alg, wants)
}

// refuseSignature says no, unless the right key may be one that only a key
// source has: a key without a kid stands for others that come after it.
func refuseSignature(a *attempt) *Refusal {
	text := fmt.Sprintf("none of the %d keys that fit (%s) made this signature",
		len(a.candidates), keyNames(a.candidates))
	if len(a.candidates) == 1 {
		text = fmt.Sprintf("the one key that fits (%s) did not make this signature", a.candidates[0])
	}
	if fitting := a.issuer.keys.CountFitting(a.header.alg, a.header.kid); fitting > len(a.candidates) {
		text += fmt.Sprintf("; %d more were not tried, as a token costs at most %d: give tokens and keys a kid",
			fitting-len(a.candidates), keys.MaxTried)
	}
	named := func(k *keys.Key) bool { return k.Named(a.header.kid) }
	if !a.issuer.keys.Remote() || slices.ContainsFunc(a.candidates, named) {
		return Refuse(ReasonBadSignature, "%s; compare the key that the application signs with", text)
	}
	return askForKey(a, ReasonBadSignature, text)
}

func describeSignature(a *attempt) string { return "made by key " + a.key.String() }

func keyNames(keys []*keys.Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.String()
	}
	return strings.Join(names, ", ")
}

// hintSignature says which mistake would explain a signature that no key made:
// a secret that its issuer reads in another way, or another issuer's key. It
// is empty if none does. It costs a signature for each guess, so it is for
// explanations alone.
func hintSignature(a *attempt) string {
	signature, refusal := a.decode(a.parts.signature, "signature")
	if refusal != nil {
		return ""
	}
	if hint := a.issuer.keys.Misread(a.header.alg, &a.parts.signed, signature); hint != "" {
		return hint
	}
	for name, h := range a.rules.hosts {
		for id, other := range h.issuers {
			if k := signedBy(a, other, signature); k != nil {
				return fmt.Sprintf("it was made by key %s of issuer %q of %s: the token names another iss or kid",
					k, id, name)
			}
		}
	}
	return ""
}

// signedBy returns the key of an issuer that made the signature, whatever kid
// the token names.
func signedBy(a *attempt, i *issuerRules, signature []byte) *keys.Key {
	var found [keys.MaxTried]*keys.Key
	for _, k := range i.keys.Candidates(found[:0], a.header.alg, "") {
		if k.Verifies(a.header.alg, &a.parts.signed, signature) {
			return k
		}
	}
	return nil
}
