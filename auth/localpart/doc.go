// Package localpart answers one question: which account is meant by a name, and may
// it be one? An account is the localpart of a JID as Prosody spells it.
//
// Two names that people, or Prosody, take for one must not be two accounts here, and
// no name may become another's account in disguise (docs/security.md, "Accounts").
//
// The package starts no goroutine and has no lock.
package localpart
