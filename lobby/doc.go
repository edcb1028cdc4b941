// Package lobby says who may skip the lobby of a room, and who is waiting in
// it.
//
// Whoever is on the whitelist passes: that of the configuration, and what
// operators add to it while the daemon runs. Whoever does not and tries a room
// whose lobby is on knocks; a moderator or an operator admits him or denies.
// How somebody is held back, and who needs no lobby because of his token, is
// for package moderation.
//
// It starts no goroutine; [Lobby.Run] is a task of the daemon. Locks are taken in this
// order: the one of changes, which is held until the state has them; the one of what
// questions read, which is never held while the state is written; that of the knocks.
package lobby
