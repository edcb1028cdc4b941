// Package unasked answers one question: does Prosody ask usher about
// everybody who is in its rooms? Where one of the two modules that ask is
// missing, everybody joins everything, or becomes owner of what they begin, and
// nothing else shows it.
//
// It compares who was seen in a room with whose join was asked about. Who was
// there before usher could see is never counted: of the rooms that are there
// when the component connects, those in them are taken as they are, and whoever
// comes later is compared.
//
// It starts no goroutine, asks nobody and has one lock, which every join takes: it is
// held for no longer than a portion of a large table takes. Rooms and accounts are
// kept as hashes with a seed of the process, and bounded.
package unasked
