// Package keys answers one question: which keys may have signed a token of this
// issuer, and did one of them? It also signs with a key of ours ([Mint]).
//
// A [Key] verifies signatures by one or more algorithms, with the standard
// library. jwx reads JWKs and signs: no other package imports lestrrat-go/jwx.
// Where keys come from is a list of kinds ([Kinds]), each a file of this package
// and a row: secrets and PEM in files, which the configuration's reader hands in as
// bytes, and what servers publish, a JWK set or a PEM file for each kid (ASAP). A
// [Set] is the keys of one issuer; [Sources] own what is fetched, and outlive
// reloads. How a file is read is in package keyfile, how a server is asked in
// fetch, and which of many unknown kids comes first in kidqueue.
//
// The package knows no token, host or refusal. What it has to say of a key that is
// not there are values ([Lookup], [Status]); its errors name what is wrong, then
// "; " and how to mend it, and hold neither a secret nor a URL.
//
// Goroutines: [Sources.Run] starts one for each source, and a source of an ASAP
// key server one for each fetch. Run returns when all of them have ended.
// Everything else runs in the caller's, and waits for nothing.
//
// Locks: those of Sources, of a source's scheduler (jwks, asap) and of a source's last
// success and failure. None is held during a fetch or while a line is logged. The
// scheduler's may be held while the source's is taken, and the source's while a metric
// is counted; otherwise none is taken under another.
package keys
