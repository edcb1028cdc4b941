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
package moderation
