// Package apply answers one question: how does a plan of internal/setup come into force, and how is it taken back?
//
// What usher keeps of its own is written first and tried; then a copy of every file is kept; then the files are
// replaced, and Prosody and nginx say what they think of theirs. If one of these steps fails, the files are given back
// what they had. Only then are programs restarted. It starts no goroutine and has no lock.
package apply
