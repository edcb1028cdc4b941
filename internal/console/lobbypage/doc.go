// Package lobbypage answers one question: what do moderators see of lobbies in a browser, and decide?
//
// A moderator sees the rooms in which the account is owner now and occupant now, and who waits there. What the account
// may is asked of the rooms themselves at each request, and each second while the page is open: nothing is remembered,
// and where a room cannot be asked there is no page. A decision names a room and the ID of one wait.
//
// An account asks at a pace: each time Prosody answers for every room. Its open pages ask together.
//
// It starts no goroutine. Locks: one of the pace, and one of what open pages share; nothing else is called under them.
// One stream at a time asks for those of its moderator.
package lobbypage
