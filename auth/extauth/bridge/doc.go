// Package bridge is the program that Prosody's mod_auth_external_insecure and
// ejabberd's extauth start: it passes each query on to the daemon's socket and
// writes the answer.
//
// Prosody talks to it over a pseudo-terminal and takes whatever it reads next
// for the answer to its present query; an answer cannot be taken back. So an
// answer is written only while somebody surely waits for it:
//
//   - a query that waited while the terminal was not yet raw has been echoed,
//     and Prosody has read the echo as an answer: it is dropped;
//   - of several queries at once one refusal answers all: Prosody asks one at a
//     time, so the others are stale or forged;
//   - when the bridge was stopped and goes on, Prosody's waiting has been
//     interrupted: the process ends without a word;
//   - a query of which it is not sure that it is younger than 3 s has no answer;
//     the process ends without a word, and Prosody starts another.
//
// A program that ends by a signal or with another code than 0 is never started
// again by the module, so [Run] returns on every path, and the caller exits
// with 0.
package bridge
