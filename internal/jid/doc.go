// Package jid answers how the parts of an XMPP address are written: what
// Prosody makes of a localpart and of a domain (RFC 6122), how XEP-0106 escapes
// one, and by which localparts a room is called that a person names.
//
// It is pure: no state, no goroutine, no lock.
package jid
