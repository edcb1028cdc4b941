// Package watch answers one question: has the configuration, or a file that it
// names, changed since it was read? It looks at files and reads none of them.
//
// It starts no goroutine: [Hints.Run] is a task of the daemon, whose reloader looks when
// there is a hint, and from time to time. One lock guards what the hints are about.
package watch
