// Package hunks answers one question: in which lines do two texts differ, how is that shown without its secrets, and
// how is it taken back from a text that may have changed since? It is pure: it reads no file, starts no goroutine and
// has no lock.
package hunks
