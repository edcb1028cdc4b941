// Package claim answers one question: which claim of a token is meant, and does it
// say what is wanted? A claim is named by a [Path], and what it must say is a
// [Test]; both have one way of being written in the configuration.
//
// The package starts no goroutine and has no lock.
package claim
