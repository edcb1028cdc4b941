// Package record answers one question: what do changes of the state look like as bytes?
//
// A record is what one Apply makes, all of it or nothing: a version, then a list of changes,
// each a tag and a value. A value is a list of tagged fields as protocol buffers have them, in
// the order of their numbers; one that is absent is zero. Fields are only added: an older usher
// skips what it does not know of a value. A kind of change that it does not know is an error, as is
// a version: it would overlook what was done.
//
// One function for each value names its fields, for both directions. The same bytes are what
// the state's file has in its rows. It starts no goroutine and has no lock.
package record
