// Package muc answers Prosody's questions about rooms: may this account join
// (mod_muc_http_auth), and what does a new room begin with (mod_muc_http_defaults)? Where
// the gateway sees a join before, it is told of that, too.
//
// A join is decided from one [moderation.View] by [moderation.Host.Decide]; what follows
// from it in rooms is done by others, whom the service knows by interfaces ([Effects],
// [Notifier]).
//
// The questions are answered from memory, with an exception after a start, for as long as sessions are loaded, and
// three that ask the room by way of the component: a breakout room that is seen for the first time, a room that is
// about to be made members-only, and, until Prosody has asked about a new room since the component is connected
// (mod_muc_http_defaults), whether the room is there. They may wait because Prosody does not: mod_muc_http_auth asks
// by net.http, which calls back, and until then Prosody serves others and the component. (It does stand still for the
// doors of logins, and there nothing waits.) What waits is bounded in time and in number, far below the connections of
// the HTTP door.
//
// It starts no goroutine: questions run in the caller's. Its small tables (pending joins, the
// creation guard, attendance, main rooms) have a lock each; none is held while another is
// taken, or anything is waited for.
package muc
