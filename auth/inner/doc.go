// Package inner answers one question: what does usher tell Jitsi's modules of a token
// that it has verified?
//
// Behind a relay, Prosody gets an inner token: the claims of the client's token in
// one normal form. [Read] makes a [Form] of the verified claims and of what usher
// decided of them, and [Form.Claims] the canonical JSON that is signed. The form is a
// list of what passes, not a filter: what it does not name never reaches Prosody, as
// modules of the community read what they like. Each member has a shape that all of
// Jitsi's modules can read, of the last years' releases as well; several shapes that
// tokens have make them lose a join without an answer.
//
// It is pure: no clock, no log, no key. It starts no goroutine and has no lock; a Form
// never changes, and is shared.
package inner
