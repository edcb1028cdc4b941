// Package auth answers one question: does this token prove this account?
//
// A door (a package below this one) turns the bytes of its protocol into
// [Credentials]; [Verifier.Authenticate] answers with an [Identity], with a
// [Refusal] when the answer is no, or with another error when there can be no
// answer. Every decision passes through it, and is counted and logged there.
//
// Tokens are JSON Web Tokens in the compact form (RFC 7515, RFC 7519). A
// token goes through one list of checks, first the shape of its text, then
// its header, the choice of one key and one algorithm, the signature, and at
// last the claims in exactly the bytes that were signed. [Verifier.Explain]
// runs the same list and reports every line of it.
//
// The package knows tokens; their keys are of package keys. It knows nothing of
// rooms' members.
//
// Goroutines: [Verifier.Run] starts one that sweeps, and those that keep the keys
// fresh (package keys). Run returns when all of them have ended. Everything else
// runs in the caller's.
//
// Locks: none is held while a line is logged, and none while another is taken.
package auth
