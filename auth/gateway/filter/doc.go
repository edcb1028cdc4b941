// Package filter answers one question, purely: what may a client say to Prosody
// before it has logged in?
//
// This list passes and nothing else:
//
//   - one <open/> before all else, and <close/>; in BOSH bodies without content,
//   - with a token: <auth mechanism="ANONYMOUS"/>, once the token is verified,
//   - with guests, whether there is a token or not: <auth/> with PLAIN,
//     SCRAM-SHA-1, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER, and the
//     <response/> and <abort/> of such a login while it is under way,
//   - with guests and without a token: <auth mechanism="ANONYMOUS"/> as it is.
//
// SASL is not the only way in: a Prosody may know older ones (XEP-0078), have
// accounts be made (XEP-0077), take SASL 2 (XEP-0388) or resume a stream
// (XEP-0198). None of them is on the list, and no stanza. It starts no goroutine and has
// no lock.
package filter
