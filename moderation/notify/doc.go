// Package notify answers two questions: what are moderators told of the accounts that wait in
// lobbies, and what may they decide about them?
//
// [Notifier.Run] is a task of the daemon; what it started has ended when it returns.
package notify
