// Package sessions is the state of moderation: who logged in, what accounts were given
// in rooms, and what was revoked.
//
// Every login that was let in leaves a [moderation.Session]. [Sessions] answer who logged
// in; [Rooms] keep the rooms that somebody may be in, and what was given there;
// [Revocations] keep tokens out. All three have the same tables. A question is answered
// from one [moderation.View], and decided without the lock; a change returns what it
// touched in rooms ([Touched]), and calls nobody back.
//
// All is in memory, and bounded ([Limits]); what has to outlive a restart is in a [Store]
// as well. A login is answered once it is there; what ends is written afterwards, as the
// next start finds it again.
//
// A start loads the revocations before anything is answered: a login wants nothing else. The
// rest comes behind ([Sessions.Load]), the newest sessions first; a question that finds
// nothing before all is there waits ([Sessions.Await]), or is not answered: it is never a no.
//
// It starts no goroutine: [Sessions.Load] and [Sessions.Run] are tasks of the daemon.
//
// Locks: one guards all tables, and is held for no longer than a portion of a large table
// takes. None is taken while it is held, no regular expression is compiled, and neither
// the store nor the log is waited for. A table is a type without a lock: its methods want
// the caller to hold that of the tables. The rates of logins and the backlog have one each.
// The write locks, one of sessions that the state has already and one of revocations, are taken
// before that of the tables, and never both.
package sessions
