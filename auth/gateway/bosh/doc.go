// Package bosh answers one question: what becomes of a request of BOSH (XEP-0124,
// XEP-0206), and of the session that it belongs to?
//
// On a host whose Prosody verifies inner tokens every element of both sides is
// judged by package relay, whatever the order in which requests come in: what passes
// is harmless in any. What is refused is swapped inside its body, so that numbers and
// acknowledgements stay right. The first request has the inner token, and no other; a
// login that is refused gets a session of our own, in which it is told so. Such a
// session cannot be resumed; one that began before usher did ends.
//
// On other hosts a body before the login is
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
// for each session; a relay's session has two more, within which the session's and
// the stream's are taken, for one body of the client and one answer of Prosody at a
// time. Within the table's lock those of a session, of its login and stream, of
// the connection limiter and of the tickets may be taken; no other lock is held
// while another is taken.
package bosh
