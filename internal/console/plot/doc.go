// Package plot answers one question: how many logins and joins were let in and refused over the last hour? A [Ring]
// keeps what was counted in each minute, and [SVG] draws a row of numbers.
//
// The ring reads the counters that there are for Prometheus: whoever decides does nothing for it, and without a ring
// nothing is read. Goroutines: none; [Ring.Run] is a task of the daemon. Locks: Ring has one, held
// while the counters are read; who counts takes none of it.
package plot
