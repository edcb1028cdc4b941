// Package lobby answers: which accounts may skip the lobby of a room, and which
// wait in it?
//
// An account on the whitelist passes: on that of the configuration, or on what
// operators add to it while the daemon runs. Another that tries a room whose lobby
// is on knocks; a moderator or an operator admits it or denies. How an account is
// held back, and which need no lobby because of their token, package moderation
// says.
//
// It starts no goroutine; [Lobby.Run] is a task of the daemon. Locks are taken in this
// order: the one of changes, which is held until the state has them; the one of what
// questions read, which is never held while the state is written; that of the knocks.
package lobby
