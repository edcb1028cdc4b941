package listen

import "sync"

// Limits bound the connections of a listener. They may change while it runs.
type Limits struct {
	// Most bounds connections in all.
	Most int
	// Waiting bounds those of one peer without a request in hand; above it the
	// peer's oldest is closed. Zero means three quarters of Most.
	Waiting int
	// Trusted says whose connections Waiting does not bound: a proxy brings those
	// of all clients. nil: none.
	Trusted func(Peer) bool
}

func (l Limits) waiting() int {
	if l.Waiting > 0 {
		return min(l.Waiting, l.Most)
	}
	return max(1, l.Most*3/4)
}

// mostVictims bounds how many connections are closed for one: Most may be lowered.
const mostVictims = 8

// A table knows the connections of one listener, and decides which one is closed for a
// new one: among those that wait for a request the one that has waited longest, of
// the new one's own peer first.
type table struct {
	mu      sync.Mutex
	limits  Limits
	open    int
	closed  int // by a limit, since the start
	entered int // let in, since the start

	waiting queue           // without a request, of peers that are not trusted
	trusted queue           // without a request, of trusted peers
	proven  queue           // between requests, after a good one: the last to be closed
	peers   map[Peer]*queue // the waiting ones, by peer

	fresh int           // without an answered request
	calm  chan struct{} // closed once there are none; nil if nobody waits for that
}

// enter adds a connection, and returns which others are to be closed for it. If not
// ok it is to be closed itself.
func (t *table) enter(c *Conn) (victims []*Conn, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.trusted = t.limits.Trusted != nil && t.limits.Trusted(c.peer)
	if q := t.peers[c.peer]; q != nil && !c.trusted && q.n >= t.limits.waiting() {
		victims = t.evictLocked(victims, q.oldest())
	}
	for t.open >= t.limits.Most && len(victims) < mostVictims {
		victim := t.victimLocked()
		if victim == nil {
			break
		}
		victims = t.evictLocked(victims, victim)
	}
	if t.open >= t.limits.Most {
		t.closed++
		c.state = gone
		return victims, false
	}
	t.open++
	t.fresh++
	t.entered++
	t.waitLocked(c)
	return victims, true
}

// victimLocked returns which one is closed next, nil if all have a request in hand.
func (t *table) victimLocked() *Conn {
	for _, q := range []*queue{&t.waiting, &t.trusted, &t.proven} {
		if c := q.oldest(); c != nil {
			return c
		}
	}
	return nil
}

func (t *table) evictLocked(victims []*Conn, c *Conn) []*Conn {
	t.removeLocked(c)
	t.closed++
	return append(victims, c)
}

// waitLocked puts a connection at the end of those without a request.
func (t *table) waitLocked(c *Conn) {
	t.takeOutLocked(c)
	c.state = waiting
	switch {
	case c.proven:
		t.proven.push(&c.all)
		return
	case c.trusted:
		t.trusted.push(&c.all)
		return
	}
	t.waiting.push(&c.all)
	q := t.peers[c.peer]
	if q == nil {
		if t.peers == nil {
			t.peers = map[Peer]*queue{}
		}
		q = &queue{}
		t.peers[c.peer] = q
	}
	q.push(&c.own)
}

// takeOutLocked removes a connection from the queues that it is in.
func (t *table) takeOutLocked(c *Conn) {
	c.all.leave()
	if q := c.own.in; q != nil {
		if c.own.leave(); q.n == 0 {
			delete(t.peers, c.peer)
		}
	}
}

func (t *table) removeLocked(c *Conn) {
	t.takeOutLocked(c)
	t.askLocked(c)
	c.state = gone
	t.open--
}

// askLocked notes that a connection is fresh no longer.
func (t *table) askLocked(c *Conn) {
	if c.asked {
		return
	}
	c.asked = true
	if t.fresh--; t.fresh == 0 && t.calm != nil {
		close(t.calm)
		t.calm = nil
	}
}

// settled returns a channel that is closed once no connection is fresh.
func (t *table) settled() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fresh == 0 {
		calm := make(chan struct{})
		close(calm)
		return calm
	}
	if t.calm == nil {
		t.calm = make(chan struct{})
	}
	return t.calm
}

// admit keeps a connection open until release.
func (t *table) admit(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.state == waiting {
		t.takeOutLocked(c)
		c.state = admitted
	}
}

// release lets it wait again, behind all others.
func (t *table) release(c *Conn, proven bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.askLocked(c)
	c.proven = c.proven || proven
	if c.state != gone && !c.kept {
		t.waitLocked(c)
	}
}

// keep keeps it open until its owner closes it.
func (t *table) keep(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.kept = true
	if c.state == waiting {
		t.takeOutLocked(c)
		c.state = admitted
	}
}

// leave forgets a connection, and reports whether it was known.
func (t *table) leave(c *Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.state == gone {
		return false
	}
	t.removeLocked(c)
	return true
}

// makeRoom removes the next one that would be closed, if any.
func (t *table) makeRoom() *Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.victimLocked()
	if c != nil {
		t.evictLocked(nil, c)
	}
	return c
}

// count counts a connection that was closed at once.
func (t *table) count() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed++
}

// unasked removes those that wait for their first request.
func (t *table) unasked() []*Conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*Conn
	for _, q := range []*queue{&t.waiting, &t.trusted, &t.proven} {
		for n := q.first; n != nil; {
			c := n.conn
			n = n.next // before it leaves
			if !c.asked {
				t.removeLocked(c)
				list = append(list, c)
			}
		}
	}
	return list
}

func (t *table) setLimits(l Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits = l
}

// Counts are a listener's connections.
type Counts struct {
	Open    int `json:"open"`
	Waiting int `json:"waiting"` // of them, without a request in hand
	Most    int `json:"most"`
	Closed  int `json:"closed"`  // by a limit, since the start
	Entered int `json:"entered"` // let in, since the start
}

func (t *table) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Counts{Open: t.open, Waiting: t.waiting.n + t.trusted.n + t.proven.n, Most: t.limits.Most, Closed: t.closed,
		Entered: t.entered}
}
