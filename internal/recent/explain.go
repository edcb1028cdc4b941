package recent

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/panics"
	"usher/metrics"
)

const (
	maxExplaining    = 32
	explainEvery     = 50 * time.Millisecond // a flood of refusals gets no more of the processor than that
	longestExplained = 16 << 10              // bytes of a token
)

// An explaining is a refused login whose explanation is to be made.
type explaining struct {
	entry       *entry
	credentials auth.Credentials
}

// addExplained keeps a refused login, of which the whole explanation follows if there is place for it.
func (d *Decisions) addExplained(e *entry, c auth.Credentials) {
	c.Later = nil
	if c.Token == "" || len(c.Token) > longestExplained || auth.IsTicket(c.Token) || e.failed == "" ||
		e.result == metrics.Undecided { // its key may be on the way, and is not to be asked for twice
		d.add(e)
		return
	}
	e.pending = true
	d.add(e)
	select {
	case d.queue <- explaining{e, c}:
	default: // it comes too fast
		d.settle(e, nil)
	}
}

// Run makes explanations until ctx ends.
func (d *Decisions) Run(ctx context.Context, explain func(auth.Credentials) auth.Report, p *panics.Reporter) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case q := <-d.queue:
			d.settle(q.entry, explained(q, explain, p))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(explainEvery): // no timer while nobody is refused: an idle usher does not wake
		}
	}
}

// explained is nothing if the rules have changed meanwhile, so that the login would be refused for something else.
func explained(q explaining, explain func(auth.Credentials) auth.Report, p *panics.Reporter) (lines []auth.CheckLine) {
	defer p.Recover("explain", "login", func() { lines = nil })
	r := explain(q.credentials)
	if string(r.Reason) != q.entry.reason {
		return nil
	}
	return clipped(r.Checks)
}

// claimed is whose token it is by its own word, so that an operator finds the login of a person whose token nobody can
// verify; nothing if more is known.
func (e *entry) claimed() string {
	if e.account != "" || e.name != "" || e.proven {
		return e.name
	}
	for _, line := range e.explained {
		if line.Name == "account" && line.OK && !strings.Contains(line.Detail, " ") {
			return kept(line.Detail+"@"+e.host, longestName)
		}
	}
	return ""
}

// settle ends the wait for an explanation.
func (d *Decisions) settle(e *entry, lines []auth.CheckLine) {
	settled := *e
	settled.pending, settled.explained = false, lines
	settled.name = settled.claimed()
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.piles[e.kind]; p != nil {
		at, kept := slices.BinarySearchFunc(p.entries, e.number, func(e *entry, n uint64) int { return cmp.Compare(e.number, n) })
		if kept {
			p.entries[at] = &settled
			d.growLocked(p, settled.bytes()-e.bytes())
			d.makeRoomLocked(nil, 0)
		}
	}
	d.tellLocked()
}
