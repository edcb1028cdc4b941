// Package component answers: how does usher reach the rooms of a Prosody? It is a
// component (XEP-0114) that reads and sets affiliations and roles in rooms (XEP-0045
// sections 9 and 10), and connects again whenever the connection is lost. It also
// offers moderators a command (XEP-0050), of which it knows the bytes and the limits,
// and writes messages.
//
// Addresses are not parsed here but taken as Prosody writes them: it prepares
// them by RFC 6122, and a library that knows RFC 7622 only would refuse some.
//
// Goroutines: [Client.Run] has one connection at a time, for which one reads and one
// writes, and one more does each command of a moderator; all have ended before the
// next connection is tried. No lock is held while another is taken, or while
// something is read or written.
package component
