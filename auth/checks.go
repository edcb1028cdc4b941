package auth

// A step is a set of checks that others build on.
type step uint

const (
	stepHost step = 1 << iota
	stepShape
	stepHeader
	stepClaims
	stepIssuer
	stepKey
	stepSignature
	stepAccount
)

// A check is one line of the list. Authenticate stops at the first that
// fails; Explain goes on with those that do not need it.
type check struct {
	name  string
	needs step
	gives step
	again bool // also for a token whose verdict is in the cache

	run      func(*attempt) *Refusal
	describe func(*attempt) string // what Explain says when it is passed
	hint     func(*attempt) string // what Explain adds when it is not, or nil; it may say nothing
}

// checkList is the one list of checks. The claims are read before the
// signature is verified, because iss chooses the key, and they count for
// nothing unless the whole list is passed.
var checkList = []check{
	{name: "request", again: true, run: checkRequest, describe: fixed("the door could read it")},
	{name: "host", again: true, gives: stepHost, run: checkHost, describe: describeHost},
	{name: "shape", needs: stepHost, gives: stepShape, run: checkShape, describe: describeShape},
	{name: "header", needs: stepShape, gives: stepHeader, run: checkHeader, describe: describeHeader},
	{name: "claims", needs: stepShape, gives: stepClaims, run: checkClaims, describe: fixed("one strict JSON object")},
	{name: "issuer", needs: stepClaims, gives: stepIssuer, run: checkIssuer, describe: describeIssuer},
	{name: "algorithm", needs: stepHeader | stepIssuer, run: checkAlgorithm, describe: describeAlgorithm},
	{name: "key", needs: stepHeader | stepIssuer, gives: stepKey, run: checkKey, describe: describeKeys},
	{name: "signature", needs: stepKey, gives: stepSignature, run: checkSignature, describe: describeSignature,
		hint: hintSignature},
	{name: "expiry", needs: stepIssuer, run: checkExpiry, describe: describeExpiry},
	{name: "not_before", needs: stepClaims, run: checkNotBefore, describe: describeNotBefore},
	{name: "lifetime", needs: stepClaims, run: checkLifetime, describe: describeLifetime},
	{name: "audience", needs: stepIssuer, run: checkAudience, describe: describeAudience},
	{name: "subject", needs: stepClaims, run: checkSubject, describe: describeSubject},
	{name: "context", needs: stepClaims, run: checkContext, describe: describeContext},
	{name: "room", needs: stepIssuer, run: checkRoom, describe: describeRoom},
	{name: "account", needs: stepIssuer, gives: stepAccount, run: checkAccount, describe: describeAccount},
	{name: "moderator", needs: stepClaims, run: checkModerator, describe: describeModerator},
	{name: "time", needs: stepClaims, again: true, run: checkTime, describe: describeTime},
	{name: "revocation", needs: stepSignature, again: true, run: checkRevocation, describe: describeRevocation},
	{name: "name", needs: stepAccount, again: true, run: checkClientName, describe: describeName},
}

func fixed(text string) func(*attempt) string { return func(*attempt) string { return text } }
