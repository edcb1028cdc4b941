// Package preflight answers one question: would usher serve start here with a configuration, and be reached? It looks
// at what stands outside the configuration with the rights of the process that asks: the folders of the state and of
// the sockets, the ports, and the units of systemd. It changes nothing, starts no goroutine and has no lock.
package preflight
