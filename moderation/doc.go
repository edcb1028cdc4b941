// Package moderation says what an identity may do in a room: whether it may
// join, and as what.
//
// Every login that was let in leaves a [Grant]. When Prosody asks about a
// join, [Policy] decides from the grants of that account alone, without
// looking at a token again. What a room's affiliations have to become is found
// by comparing what the room has, what the grants say and what usher gave
// before ([Given]); the difference is set by way of a component. Whatever it
// gave it takes back, and nothing else.
//
// Names are those of XEP-0045: affiliations belong to a bare JID and last,
// roles belong to an occupant and end when he leaves.
//
// Goroutines: [Sessions.Run] and [Keeper.Run] are tasks of the daemon. All that is
// done for rooms is started by Keeper.spawn, runs under the context of Keeper.Run,
// and has ended when that returns. Questions of Prosody run in the caller's.
//
// Locks: that of [Sessions] is held for no longer than a portion of a large table
// takes, that of [Keeper] for a moment; the small tables beside have one each. None
// is held while another is taken, none while a regular expression is compiled, and
// none while the store, a room or the log is waited for.
package moderation
