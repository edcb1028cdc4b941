// Package keystest answers one question for tests: what does a server of keys
// publish? It has keys in the forms in which they are published, and servers
// without a network, as round trippers. It starts no goroutine.
package keystest
