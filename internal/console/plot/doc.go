// Package plot answers one question: how many logins and joins were let in and refused over the last hour? A [Ring]
// keeps what was counted in each minute, and [SVG] draws a row of numbers.
//
// The ring reads sums that are kept beside the counters for Prometheus; without a ring nothing is read. Goroutines:
// none; [Ring.Run] is a task of the daemon. Locks: Ring has one, held while the sums are read; who counts takes none of
// it.
package plot
