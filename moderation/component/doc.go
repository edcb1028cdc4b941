// Package component is usher as a component of Prosody (XEP-0114): it reads
// and sets affiliations and roles in rooms (XEP-0045 sections 9 and 10), and
// connects again whenever the connection is lost.
//
// Addresses are not parsed here but taken as Prosody writes them: it prepares
// them by RFC 6122, and a library that knows RFC 7622 only would refuse some.
//
// Goroutines: [Client.Run] has one connection at a time, for which one reads and one
// writes, and one more does each command of a moderator; all have ended before the
// next connection is tried. No lock is held while another is taken, or while
// something is read or written.
package component
