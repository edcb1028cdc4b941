// Package moderation says what an identity may do in a room: whether it may
// join, and as what.
//
// It is pure: there is no lock in it but that of compiled patterns, and no context, log,
// clock or network. Who logged in is state, and in moderation/sessions; what is decided
// by is a [View] of that, which the package is handed. When Prosody asks about a join,
// [Host.Decide] decides from the sessions of that account alone, without looking at a token
// again. What a room's affiliations have to become is found by [Plan], from what the room
// has, what the sessions say and what usher gave before ([Assignment]).
//
// Names are those of XEP-0045: affiliations belong to a bare JID and last,
// roles belong to an occupant and end when it leaves.
//
// It starts no goroutine.
package moderation
