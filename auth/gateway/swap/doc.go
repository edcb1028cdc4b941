// Package swap answers one question, purely: how is a stanza refused without a
// stanza being lost or added? Both sides of a stream count stanzas (XEP-0198):
// if the gateway answered by itself, or kept a stanza back, the counts would
// differ, and the person would be thrown out.
//
// So a stanza that the gateway refuses is swapped for a ping to Prosody, whose id
// carries the refusal. The pong, or an error in its place, is swapped for the
// answer that the client gets. One stanza goes on for each that came, in both
// directions, and nothing has to be remembered in between: it works right after a
// restart, and on a stream that was resumed. An id is authenticated with a key of
// the gateway's own, and good on the streams of one account only.
//
// It starts no goroutine and has no lock.
package swap
