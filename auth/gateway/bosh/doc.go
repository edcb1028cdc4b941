// Package bosh answers one question: what becomes of a request of BOSH (XEP-0124,
// XEP-0206), and of the session that it belongs to? A body before the login is
// read strictly, and passes only if it has nothing in it or one thing that
// package filter lists. After the login bodies pass byte for byte; the rooms are
// told of a join before it passes.
//
// A session ends when Prosody says so, or after a time; a client's terminate is for
// Prosody to answer. A session that began before usher did is untracked: it passes
// messages, presences, answers, pings,
// questions about features and steps of calls, in bodies of 16 KiB, until Prosody
// addresses an account on it.
//
// It starts short goroutines that tell Prosody of an end, through [Options].Go,
// whose owner waits for them. There is one lock for the table of sessions and one
// for each session. Within the table's lock those of a session, of its login, of
// the connection limiter and of the tickets may be taken; no other lock is held
// while another is taken.
package bosh
