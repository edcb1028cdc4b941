// Package watch answers one question: has the configuration, or a file that it
// names, changed since it was read? It looks at files and reads none of them.
// It starts no goroutine and has no lock: its user calls it every [Every].
package watch
