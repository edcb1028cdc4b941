// Package reconcile makes rooms be as the sessions say: it compares what a room has with
// what [moderation.Plan] wants there, and sets the difference by way of the component. What
// it gave it takes back, and nothing else.
//
// [Keeper.Run] is a task of the daemon. All that is done for rooms is started under it, and
// has ended when it returns.
package reconcile
