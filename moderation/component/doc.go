// Package component is usher as a component of Prosody (XEP-0114): it reads
// and sets affiliations and roles in rooms (XEP-0045 sections 9 and 10), and
// connects again whenever the connection is lost.
//
// Addresses are not parsed here but taken as Prosody writes them: it prepares
// them by RFC 6122, and a library that knows RFC 7622 only would refuse some.
package component
