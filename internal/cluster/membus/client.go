package membus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"usher/internal/cluster"
)

// A Fault is what goes wrong with a request. The zero value is nothing.
type Fault struct {
	Late       time.Duration // before the engine has it
	LoseAsk    bool          // the engine never hears of it
	LoseAnswer bool          // the engine has done it, and the client does not know
}

// A Client is one node's connection.
type Client struct {
	engine *Engine

	mu     sync.Mutex
	cut    chan struct{} // closed while the connection is cut
	faults func(method string) Fault
}

var _ cluster.Bus = (*Client)(nil)

// Client returns a connection to the engine.
func (e *Engine) Client() *Client { return &Client{engine: e, cut: make(chan struct{})} }

// Cut cuts the connection, or joins it again.
func (c *Client) Cut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cut == c.isCutLocked() {
		return
	}
	if cut {
		close(c.cut)
	} else {
		c.cut = make(chan struct{})
	}
}

func (c *Client) isCutLocked() bool {
	select {
	case <-c.cut:
		return true
	default:
		return false
	}
}

// Break has a function say, from now on, what goes wrong with each request; nil: nothing.
func (c *Client) Break(faults func(method string) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = faults
}

// ask does a request, as far as the connection lets it.
func (c *Client) ask(ctx context.Context, method string, do func(*Engine) error) error {
	c.mu.Lock()
	cut, faults := c.cut, c.faults
	c.mu.Unlock()
	var f Fault
	if faults != nil {
		f = faults(method)
	}
	if f.Late > 0 {
		select {
		case <-time.After(f.Late):
		case <-cut:
		case <-ctx.Done():
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-cut:
		return away(method)
	default:
	}
	if f.LoseAsk {
		return away(method)
	}
	c.engine.mu.Lock()
	err := do(c.engine)
	c.engine.mu.Unlock()
	if f.LoseAnswer {
		return away(method)
	}
	return err
}

func away(method string) error { return fmt.Errorf("%w: %s", cluster.ErrAway, method) }

// Publish is that of [cluster.Bus].
func (c *Client) Publish(ctx context.Context, scope cluster.Scope, entries []cluster.Sealed) error {
	if len(entries) == 0 {
		return ctx.Err()
	}
	if err := cluster.CheckPublish(entries); err != nil {
		return fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return c.ask(ctx, "Publish", func(e *Engine) error {
		e.scopeLocked(scope).publish(entries, e.length)
		return nil
	})
}

// End is that of [cluster.Bus].
func (c *Client) End(ctx context.Context, scope cluster.Scope) (end cluster.Position, err error) {
	err = c.ask(ctx, "End", func(e *Engine) error {
		end = cluster.Position(e.scopeLocked(scope).last.String())
		return nil
	})
	if err != nil {
		return "", err
	}
	return end, nil
}

// Follow is that of [cluster.Bus].
func (c *Client) Follow(ctx context.Context, scope cluster.Scope, from cluster.Position,
	handle func(cluster.Batch) error) error {
	after, err := parse(from)
	if err != nil {
		return err
	}
	c.mu.Lock()
	cut := c.cut
	c.mu.Unlock()
	for first := true; ; first = false {
		var batch cluster.Batch
		var changed chan struct{}
		err := c.ask(ctx, "Follow", func(e *Engine) (err error) {
			s := e.scopeLocked(scope)
			changed = s.changed
			batch, err = s.after(after)
			return err
		})
		if err != nil {
			return err
		}
		if n := len(batch.Entries); n > 0 {
			after, _ = parse(batch.Entries[n-1].Position)
		}
		if len(batch.Entries) > 0 || first {
			if err := handle(batch); err != nil {
				return err
			}
		}
		if !batch.End {
			continue
		}
		select {
		case <-changed:
		case <-cut:
			return away("Follow")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// A portion is what one answer has at the most.
const portion = 100

func (s *scope) after(from id) (cluster.Batch, error) {
	n := sort.Search(len(s.log), func(i int) bool { return from.less(s.log[i].id) })
	if s.last.less(from) || from.less(s.trimmed) {
		return cluster.Batch{}, cluster.ErrCut
	}
	rest := s.log[n:]
	batch := cluster.Batch{End: len(rest) <= portion}
	for _, v := range rest[:min(portion, len(rest))] {
		batch.Entries = append(batch.Entries, cluster.Logged{Position: cluster.Position(v.String()),
			At: time.UnixMilli(v.ms), Sealed: v.Sealed})
	}
	return batch, nil
}

// Snapshot is that of [cluster.Bus].
func (c *Client) Snapshot(ctx context.Context, scope cluster.Scope, node string,
	handle func([]cluster.Sealed) error) error {
	var all []cluster.Sealed
	if err := c.ask(ctx, "Snapshot", func(e *Engine) error {
		if n := e.scopeLocked(scope).nodes[node]; n != nil {
			all = slices.Collect(maps.Values(n.fields))
		}
		return nil
	}); err != nil {
		return err
	}
	for part := range slices.Chunk(all, portion) {
		if err := handle(part); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Nodes is that of [cluster.Bus].
func (c *Client) Nodes(ctx context.Context, scope cluster.Scope) (names []string, err error) {
	err = c.ask(ctx, "Nodes", func(e *Engine) error {
		for name, n := range e.scopeLocked(scope).nodes {
			if len(n.fields) > 0 {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names)
	return names, err
}

// Forget is that of [cluster.Bus].
func (c *Client) Forget(ctx context.Context, scope cluster.Scope, node string) error {
	return c.ask(ctx, "Forget", func(e *Engine) error {
		delete(e.scopeLocked(scope).nodes, node)
		return nil
	})
}

// Lease is that of [cluster.Bus].
func (c *Client) Lease(ctx context.Context, scope cluster.Scope, holder string, ttl time.Duration) (
	got cluster.Lease, err error) {
	err = c.ask(ctx, "Lease", func(e *Engine) error {
		got = e.scopeLocked(scope).lease.ask(holder, ttl, time.Now())
		return nil
	})
	return got, err
}

// Once is that of [cluster.Bus].
func (c *Client) Once(ctx context.Context, scope cluster.Scope, name string, ttl time.Duration) (
	first bool, err error,
) {
	err = c.ask(ctx, "Once", func(e *Engine) error {
		now, of := time.Now(), e.scopeLocked(scope)
		maps.DeleteFunc(of.once, func(_ string, until time.Time) bool { return !now.Before(until) })
		if _, there := of.once[name]; there {
			return nil
		}
		if of.once == nil {
			of.once = map[string]time.Time{}
		}
		first, of.once[name] = true, now.Add(ttl)
		return nil
	})
	return first, err
}

func (l *lease) ask(holder string, ttl time.Duration, now time.Time) cluster.Lease {
	free := !now.Before(l.ends)
	switch {
	case holder == "":
	case free:
		*l = lease{holder, max(l.number+1, uint64(now.UnixMilli())), now.Add(ttl)}
	case l.holder == holder:
		l.ends = now.Add(ttl)
	}
	if free && holder == "" {
		return cluster.Lease{Number: l.number}
	}
	return cluster.Lease{Holder: l.holder, Number: l.number, Left: l.ends.Sub(now)}
}
