// Package footprint answers one question: how much memory does the process keep that it does not need?
//
// It starts no goroutine and has no lock: what a [Collector] does it does in the runtime's own, after a collection.
package footprint
