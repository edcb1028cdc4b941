// Package keyfile answers one question: what stands in this key file, and if it is
// not what it should be, what is it?
//
// It reads shared secrets and cuts PEM files into blocks, and knows what people put
// into such files instead: what an editor, a shell or a clipboard adds, another
// encoding, a key of another kind, a secret from a public list. It makes no key
// of what it reads, and nothing that it says shows any of a secret.
//
// The package starts no goroutine and has no lock.
package keyfile
