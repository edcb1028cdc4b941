package auth

import (
	"context"
	"time"
)

// A Later is what a decided login leaves to be done once it is answered: its line in the
// log, and that the other ushers of a cluster are told of it. Doing that wakes others, and where Prosody stands
// still for the answer they would compete with it for a core. A door that has such
// clients gives one in [Credentials], and calls Do after each answer. The zero value has
// nothing to do. It may be used again, by one goroutine at a time.
type Later struct {
	outcomes    *outcomes
	ctx         context.Context
	allowed     string // the words of what was allowed
	credentials Credentials
	id          Identity
	refusal     *Refusal
	took        time.Duration
	then        func() // may be nil
}

// Do does what is left, once.
func (l *Later) Do() {
	if l.outcomes == nil {
		return
	}
	todo := *l
	*l = Later{}
	if todo.then != nil {
		todo.then()
	}
	if todo.refusal != nil {
		todo.outcomes.logRefusal(todo.ctx, &todo.credentials, &todo.id, todo.refusal, todo.took)
		return
	}
	todo.outcomes.logLogin(todo.ctx, todo.allowed, &todo.credentials, &todo.id, todo.took)
}
