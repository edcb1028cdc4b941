// Package lobby says who may skip the lobby of a room, and who is waiting in
// it.
//
// Whoever is on the whitelist passes: that of the configuration, and what
// operators add to it while the daemon runs. Whoever does not and tries a room
// whose lobby is on knocks; a moderator or an operator admits him or denies.
// How somebody is held back, and who needs no lobby because of his token, is
// for package moderation.
package lobby
