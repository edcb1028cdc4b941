// Package quietsocket answers one question: how is a connection read and written without the rest of the process being
// woken for it?
//
// It starts no goroutine and has no lock.
package quietsocket
