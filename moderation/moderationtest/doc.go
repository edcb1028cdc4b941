// Package moderationtest is a small MUC for tests: rooms as usher's component sees
// them, that do what Prosody does with affiliations, roles and members-only rooms.
//
// A [MUC] keeps order, as one stream to Prosody does: what is asked later takes
// effect later, however long each request takes. With [AnyOrder] it does not, as if
// what was asked first were held up on its way to Prosody. Requests that nobody waits
// for any more take effect all the same: they were sent.
//
// A [World] is all of moderation, tied as the daemon ties it, over such a MUC.
//
// Each request runs in a goroutine of its own, which ends when the request has taken
// effect; [MUC.Close] waits for them, also at the end of the test. There is one lock,
// and it is held for a moment.
package moderationtest
