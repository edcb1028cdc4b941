// Package recent answers two questions: what was decided a moment ago, and why; and what did operators and moderators
// change? It keeps the last 1,000 decisions about logins and joins in memory ([Decisions]), and the last 1,000 changes
// ([Audit]).
//
// No token is kept, also not one that was written where a name belongs. What came from a stranger is cut before it is.
// Both have a bound in entries and one in bytes; where the decisions have no more place, the kind that has most loses
// its oldest, so that a flood of one kind, such as refusals of what nobody signed, pushes out nothing but itself.
//
// A decision costs one lock and a copy; its texts are made when somebody asks. Of refused logins the whole explanation
// is made afterwards, by the one goroutine of [Decisions.Run] and at a pace; of those that come faster there is what
// the refusal itself tells. A token waits for that in a queue of 32 at most.
//
// Goroutines: none; [Decisions.Run] is a task of the daemon. Locks: Decisions and Audit have one each, which is held
// while at most all entries are copied; nothing else is called meanwhile.
package recent
