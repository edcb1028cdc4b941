// Package cluster answers: what do several ushers know together, and may this one still
// believe that it knows all of it?
//
// Each usher keeps its own state as its truth, and tells the others what changes there
// through a [Bus]: a log that all follow, and beside it a snapshot of each node, written by
// that node alone. What is read is merged by rules that do not depend on its order, so that
// nothing waits for an agreement.
//
// A [Node] is in two scopes, that of all nodes and that of its cell. In each it numbers what it
// publishes, and says every second or so that it lives, with a sum of all that its snapshot
// should have. Who reads that compares it with what it has read: where it differs the snapshot is
// read again, and if that is no help the node is asked to compare it with what it knows. This
// one rule covers a trimmed log, a failover that lost something, and an engine that was
// tampered with. Of revocations all nodes compare what they know merged as well: so one that a
// node published before it died is not lost with it.
//
// A node is fresh as of the moment at which it sent the last heartbeat that it has read back,
// having agreed with each node that lives; and it knows everything that was published before.
//
// Goroutines, all of [Node.Run], which waits for them: one reads the journal, one asks for the
// cell's lease, and in each scope one publishes and one follows, who share a link. Each link has
// one lock, and the writer one; none is held while another is taken, and nothing is waited for
// under them. [Node.Fresh] takes no lock.
package cluster
