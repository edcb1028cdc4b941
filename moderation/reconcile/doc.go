// Package reconcile answers: is each room as the sessions say, and what has to be done
// so that it is?
//
// It compares what a room has with what [moderation.Plan] wants there, and sets the
// difference by way of the component. What usher gave it takes back, and nothing else.
// It compares and sets; so it does not matter what was missed in between, by a restart
// of either side or a connection that was cut.
//
// A room that something touched stands in a queue, once, with the accounts that it is
// about, until it is due. A run over the room then reads its lists, sees to each
// account, and says which have to be seen to again; the room goes back into the queue
// for those. Two things do not wait for a run: an account that logs in is granted what
// its token says in the rooms that only let members in, as its join follows at once;
// and an account that is about to join, of which the gateway tells, is granted it
// before.
//
// Goroutines: [Reconciler.Run] is a task of the daemon. It starts runs, grants and the
// watch over rooms of which usher was not told, all in one group
// ([taskgroup.Group]), and returns when they have ended: after that nothing is set in
// a room. While no room is due it sleeps, without a timer.
//
// Locks: the queue's, that of affiliations in flight and the watch's. Each is held for
// a moment, and none while another is taken, or while a room or the state is waited
// for.
package reconcile
