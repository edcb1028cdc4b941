package auth

import (
	"context"
	"time"
)

// A Later is what a decided login leaves to be done once it is answered: its line in the
// log, its place among the last decisions, and that the other ushers of a cluster are told of it. Doing that wakes others, and where Prosody stands
// still for the answer they would compete with it for a core. A door that has such
// clients gives one in [Credentials], and calls Do after each answer. The zero value has
// nothing to do. It may be used again, by one goroutine at a time.
type Later struct {
	outcomes    *outcomes
	ctx         context.Context
	allowed     string // the words of what was allowed
	credentials Credentials
	decision    Decision
	took        time.Duration
}

// Do does what is left, once.
func (l *Later) Do() {
	if l.outcomes == nil {
		return
	}
	todo := *l
	*l = Later{}
	d := &todo.decision
	if d.then != nil {
		d.then()
	}
	todo.outcomes.record(&todo)
	if d.Refusal != nil {
		todo.outcomes.logRefusal(todo.ctx, &todo.credentials, &d.ID, d.Refusal, todo.took)
		return
	}
	todo.outcomes.logLogin(todo.ctx, todo.allowed, &todo.credentials, &d.ID, todo.took)
}
