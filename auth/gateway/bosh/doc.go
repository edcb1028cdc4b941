// Package bosh answers one question: what becomes of a request of BOSH (XEP-0124,
// XEP-0206), and of the session that it belongs to? A body before the login is
// read strictly, and passes only if it has nothing in it or one thing that
// package filter lists; after the login bodies pass byte for byte, and joins in
// them are told of before.
//
// A session ends by Prosody's word, or by time; what a client says of its end is
// Prosody's to answer. A session that usher has not seen begin, as it is older
// than usher, is untracked: it passes messages, presences, answers, pings,
// questions about features and steps of calls, in bodies of 16 KiB, until Prosody
// addresses an account on it.
//
// It starts short goroutines for ends that are told to Prosody, through
// [Options].Go, whose owner waits for them. There is a lock of the table of
// sessions and one of each session; within the first those of a session, of its
// login, of the limiter and of the tickets are taken.
package bosh
