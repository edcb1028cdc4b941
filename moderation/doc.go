// Package moderation says what an identity may do in a room: whether it may
// join, and as what.
//
// Every login that was let in leaves a [Session]. When Prosody asks about a
// join, [Policy] decides from the sessions of that account alone, without
// looking at a token again. What a room's affiliations have to become is found
// by comparing what the room has, what the sessions say and what usher gave
// before ([Assignment]); the difference is set by way of a component. Whatever it
// gave it takes back, and nothing else.
//
// Names are those of XEP-0045: affiliations belong to a bare JID and last,
// roles belong to an occupant and end when he leaves.
//
// Prosody's question about a join is answered from memory, with three exceptions that
// ask the room by way of the component: a breakout room that is seen for the first
// time, a room that is about to be closed, and, until Prosody has asked about a new
// room since the component is connected (mod_muc_http_defaults), whether the room is
// there. They may wait because Prosody does not: mod_muc_http_auth asks by net.http,
// which calls back, and until then Prosody serves others and the component. (It does
// stand still for the doors of logins, and there nothing waits.) What waits is bounded
// in time and in number, far below the connections of the HTTP door.
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
