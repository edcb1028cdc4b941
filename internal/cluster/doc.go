// Package cluster answers: what do several ushers know together, and may this one still
// believe that it knows all of it?
//
// Each usher keeps its own state as its truth, and tells the others what changes there
// through a [Bus]: a log that all follow, and beside it a snapshot of each node, written by
// that node alone. What is read is merged by rules that do not depend on its order, so that
// nothing waits for an agreement.
package cluster
