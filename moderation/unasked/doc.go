// Package unasked answers one question: does Prosody ask usher about all accounts
// that are in its rooms? Where one of the two modules that ask is missing, everybody
// joins every room, or becomes owner of a room by coming first, and nothing else shows
// it.
//
// It compares the accounts that were seen in a room with those whose join was asked
// about ([Book]), and tells operators what it found ([Reporter]). An account that was
// there before usher could see is never counted: of the rooms that are there when the
// component connects the occupants are taken as they are, and those that come later are
// compared.
//
// It starts no goroutine, asks nobody and has one lock, which every join takes: it is
// held for no longer than a portion of a large table takes. Rooms and accounts are
// kept as hashes with a seed of the process, and bounded.
package unasked
