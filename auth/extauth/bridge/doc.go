// Package bridge is the program that Prosody's mod_auth_external_insecure and
// ejabberd's extauth start: it passes each query on to the daemon's socket and
// writes the answer.
//
// Prosody talks to it over a pseudo-terminal and takes whatever it reads next
// for the answer to its present query; an answer cannot be taken back: the
// terminal's own side neither sees what is unread nor can drop it (TIOCOUTQ is
// always 0, TCOFLUSH comes too late). So an answer is written only while somebody
// surely waits for it:
//
//   - a query that waited while the terminal was not yet raw has been echoed,
//     and Prosody has read the echo as an answer: it is dropped;
//   - of several queries at once one refusal answers all: Prosody asks one at a
//     time, so the others are stale or forged;
//   - when the bridge was stopped and goes on, Prosody's waiting has been
//     interrupted: what has come until then is dropped;
//   - a query of which it is not sure that it is younger than 3 s has no answer,
//     and is dropped.
//
// For the same reason a signal does not end the bridge at once. Prosody may be
// about to write a query, and leave it to the next process. That one cannot tell
// whether Prosody has forked it before or after writing what lies there, and
// would answer before Prosody has written its next query, whose answer that is
// then. So on a terminal the bridge ends in place of an answer: it is the one moment
// when nothing lies in the terminal, nor will until Prosody has been told of
// the end by a SIGCHLD. It ends besides when the terminal is closed.
//
// A program that ends by a signal or with another code than 0 is never started
// again by the module, so [Run] returns on every path, and the caller exits
// with 0. What SIGKILL ends, or another signal in the first moments of a start,
// stays away until Prosody is started anew.
//
// One goroutine is started, which handles signals and ends with the process. It
// shares two flags and a channel with the one that answers; there are no locks.
package bridge
