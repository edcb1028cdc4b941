// Package setup answers one question: what has to change in the files of a Jitsi, so that usher stands in front of its
// Prosody, and what does usher's own configuration say then?
//
// It is pure: files are read through an interface, and what comes out is a Plan. The programs that Prosody's
// configuration consists of are run by internal/setup/luaread. Whatever it has changed in one is run again, and the
// change counts only if exactly the options differ that were meant. It starts no goroutine and has no lock.
package setup
