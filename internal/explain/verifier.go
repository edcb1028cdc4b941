package explain

import (
	"context"
	"sync"
	"time"

	"usher/auth"
)

// fetchWithin is how long a command waits for key servers, in all.
const fetchWithin = 5 * time.Second

// runningWithin is how long an explanation of a running daemon waits for a key that is on its way.
const runningWithin = 2 * time.Second

// A Verifier is what explains credentials: [auth.Verifier].
type Verifier interface {
	// Explain runs all checks; it neither counts nor logs.
	Explain(c auth.Credentials) auth.Report
}

// An examiner decides as the daemon would, without log and metrics. Unlike
// the daemon it may wait for key servers: no login hangs on it.
type examiner struct {
	verifier Verifier
	patience time.Duration // that is left

	cancel   context.CancelFunc
	fetching sync.WaitGroup
}

// close ends the fetching, and waits for that.
func (e *examiner) close() {
	e.cancel()
	e.fetching.Wait()
}

// newExaminer fetches what key servers publish, once. The context ends the
// fetching, not the examiner, which is to be closed.
func newExaminer(ctx context.Context, c auth.Config) (*examiner, error) {
	v, err := auth.New(c, auth.Options{})
	if err != nil {
		return nil, err
	}
	e := &examiner{verifier: v}
	ctx, e.cancel = context.WithCancel(ctx)
	e.fetching.Go(func() { _ = v.Run(ctx) }) // nil by its contract
	began := time.Now()
	late := time.NewTimer(fetchWithin)
	defer late.Stop()
	select {
	case <-v.Fetched():
	case <-late.C:
	case <-ctx.Done():
	}
	e.patience = fetchWithin - time.Since(began)
	return e, nil
}

// explain runs every check. The first look at a token may make a key source
// fetch the key that it names, so a key that is on its way is looked for again.
// The wait ends with ctx.
func (e *examiner) explain(ctx context.Context, c auth.Credentials) auth.Report {
	const pause = 50 * time.Millisecond
	r := e.verifier.Explain(c)
	for r.Pending && e.patience > 0 {
		select {
		case <-ctx.Done():
			return r
		case <-time.After(pause):
		}
		e.patience -= pause
		r = e.verifier.Explain(c)
	}
	return r
}
