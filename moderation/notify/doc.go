// Package notify answers two questions: what are moderators told of the accounts that
// wait in lobbies, and what may they, and operators, decide about them?
//
// A [Notifier] tells the moderators of a room of a knock, and invites an account that
// was admitted once the room would let it in. [LobbyCommands] are the decisions;
// [Dialog] is the form of them that moderators see in their client. All that people
// read is in texts.go.
//
// Goroutines: [Notifier.Run] is a task of the daemon. It starts what sends messages,
// and what waits until one is to be sent, in one group ([taskgroup.Group]), and returns
// when that has ended: nothing is sent after that. Decisions run in the caller's.
//
// Lock: that of the moderators that were seen. It is held for a moment, and while
// nothing else is called.
package notify
