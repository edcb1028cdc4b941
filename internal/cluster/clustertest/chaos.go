package clustertest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"usher/internal/cluster"
	"usher/internal/cluster/membus"
	"usher/moderation"
)

// A Chaos does one thing after another to a world, drawn by a seed, and checks after each that no
// fresh node lets in what was revoked. It has to run in a bubble of testing/synctest.
type Chaos struct {
	w     *World
	rand  *rand.Rand
	names []string
	extra *Member // a second usher of a name, while there is one

	backups map[string]*State
	lost    time.Time // when the engine last lost something that it had confirmed

	mu    sync.Mutex // of what is known of revocations: who asks for it does not wait
	known []*told
	twice string // the name that another usher has or had
	tasks sync.WaitGroup

	Steps []string // what was done
	Done  map[string]int
}

// A told is a revocation that was made, and what its command said.
type told struct {
	moderation.Revocation
	origin    string
	has       map[string]bool // nodes that were said to have it
	published time.Time       // when the command said that others may know; zero: it did not
}

// NewChaos returns one with nodes of two cells, all together.
func NewChaos(seed uint64) *Chaos {
	c := &Chaos{w: NewWorld(), rand: rand.New(rand.NewPCG(seed, 15)), backups: map[string]*State{}, Done: map[string]int{}}
	for i, name := range []string{"a", "b", "c", "d"} {
		c.w.Add(name, fmt.Sprintf("shard%d", 1+i/2)).Start()
		c.names = append(c.names, name)
	}
	time.Sleep(5 * time.Second)
	return c
}

// Close ends everything.
func (c *Chaos) Close() {
	c.tasks.Wait()
	if c.extra != nil {
		c.extra.Stop()
	}
	c.w.Close()
}

func (c *Chaos) any() *Member { return c.w.Nodes[c.names[c.rand.IntN(len(c.names))]] }

func (c *Chaos) user() string { return fmt.Sprint("user", c.rand.IntN(30)) }

func (c *Chaos) session() moderation.ID { return moderation.ID{1, byte(c.rand.IntN(40))} }

func (c *Chaos) scope() cluster.Scope {
	return []cluster.Scope{cluster.Global, cluster.Cell("shard1"), cluster.Cell("shard2")}[c.rand.IntN(3)]
}

// A deed is one thing that can happen, and how often.
type deed struct {
	name  string
	often int
	do    func()
}

func (c *Chaos) deeds() []deed {
	return []deed{
		{"revoke", 20, c.revoke},
		{"lift", 3, c.lift},
		{"list", 8, func() { c.any().List(c.user(), c.rand.IntN(3) == 0) }},
		{"login", 20, func() { m := c.any(); m.Login(m.Options.Node, c.session()) }},
		{"logout", 8, func() { c.any().Logout(c.session()) }},
		{"cut", 4, func() { c.any().Client.Cut(true) }},
		{"join", 6, func() { c.any().Client.Cut(false) }},
		{"kill", 3, func() { c.any().Stop() }},
		{"start", 6, c.start},
		{"trim", 3, func() { c.w.Engine.Trim(c.scope(), c.rand.IntN(20)) }},
		{"lose", 3, c.lose},
		{"backup", 2, func() { m := c.any(); c.backups[m.Options.Node] = m.State.Backup() }},
		{"restore", 1, c.restore},
		{"faults", 4, c.faults},
		{"no faults", 6, func() { c.any().Client.Break(nil) }},
		{"skew", 2, func() { c.any().Skew.Store(c.rand.Int64N(int64(2*maxSkew)) - int64(maxSkew)) }},
		{"forge", 1, c.forge},
		{"rob", 1, c.rob},
		{"forget", 1, c.forget},
		{"move", 1, c.move},
		{"second", 1, c.second},
		{"disk full", 2, func() { c.any().Break(fmt.Errorf("disk full")) }},
		{"disk mended", 5, func() { c.any().Break(nil) }},
		{"journal", 2, func() { c.any().ForgetJournal() }},
	}
}

// Step does one thing, lets some time pass and checks. It returns what is wrong.
func (c *Chaos) Step() string {
	deeds := c.deeds()
	total := 0
	for _, d := range deeds {
		total += d.often
	}
	n := c.rand.IntN(total)
	for _, d := range deeds {
		if n -= d.often; n < 0 {
			c.note(d.name)
			d.do()
			break
		}
	}
	pause := time.Duration(c.rand.Int64N(int64(300 * time.Millisecond)))
	if c.rand.IntN(20) == 0 {
		pause = time.Duration(c.rand.Int64N(int64(Staleness)))
	}
	time.Sleep(pause)
	synctest.Wait()
	return c.check()
}

func (c *Chaos) note(what string) {
	c.Done[what]++
	c.Steps = append(c.Steps, fmt.Sprintf("%s %s", time.Now().Format("15:04:05.000"), what))
}

// about adds to whom the last step was done.
func (c *Chaos) about(text string) { c.Steps[len(c.Steps)-1] += " " + text }

func (c *Chaos) revoke() {
	m := c.any()
	user := c.user()
	v, mark := m.Revoke(m.Options.Node, user)
	c.about(m.Options.Node + " " + user)
	t := &told{Revocation: v, origin: m.Options.Node, has: map[string]bool{}}
	c.mu.Lock()
	c.known = append(c.known, t)
	c.mu.Unlock()
	if !m.Runs() {
		return
	}
	node := m.Node
	c.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		k, err := node.Know(ctx, false, mark)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, name := range k.Has {
			if name != c.twice { // of two ushers with this name, who knows which
				t.has[name] = true
			}
		}
		if !isUnpublished(err) {
			t.published = time.Now()
		}
	})
}

func isUnpublished(err error) bool {
	return err != nil && strings.Contains(err.Error(), cluster.ErrUnpublished.Error())
}

func (c *Chaos) lift() {
	user := c.user()
	if _, there := c.any().Lift(user); !there {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = slices.DeleteFunc(c.known, func(t *told) bool { return t.User == user })
}

func (c *Chaos) start() {
	if m := c.any(); !m.Runs() {
		c.about(m.Options.Node)
		m.Start()
	}
}

// lose undoes the engine's last writes.
func (c *Chaos) lose() {
	if c.w.Engine.Lose(c.scope(), 1+c.rand.IntN(30)) > 0 {
		c.lost = time.Now()
	}
}

// restore brings a state back as it was; what its node was said to have it has no more.
func (c *Chaos) restore() {
	m := c.any()
	s := c.backups[m.Options.Node]
	if s == nil {
		return
	}
	c.about(m.Options.Node)
	c.tasks.Wait()
	m.Restore(s.Backup())
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range c.known {
		delete(t.has, m.Options.Node)
	}
	c.lost = time.Now()
}

// faults has some of a client's requests fail, in every way.
func (c *Chaos) faults() {
	seed := c.rand.Uint64()
	var mu sync.Mutex
	draw := rand.New(rand.NewPCG(seed, 1))
	c.any().Client.Break(func(string) membus.Fault {
		mu.Lock()
		defer mu.Unlock()
		return membus.Fault{LoseAsk: draw.IntN(5) == 0, LoseAnswer: draw.IntN(5) == 0,
			Late: time.Duration(draw.Int64N(int64(50 * time.Millisecond)))}
	})
}

// forge has the engine hold for a node what no key made.
func (c *Chaos) forge() {
	c.lost = time.Now()
	c.w.Engine.Tamper(c.scope(), c.any().Options.Node, func(v cluster.Sealed) []byte {
		if c.rand.IntN(3) > 0 {
			return v.Value
		}
		v.Value = slices.Clone(v.Value)
		v.Value[len(v.Value)-1] ^= 1
		return v.Value
	})
}

// rob takes something out of a node's snapshot.
func (c *Chaos) rob() {
	c.lost = time.Now()
	c.w.Engine.Tamper(c.scope(), c.any().Options.Node, func(v cluster.Sealed) []byte {
		if c.rand.IntN(2) > 0 {
			return v.Value
		}
		return nil
	})
}

func (c *Chaos) forget() {
	m, other := c.any(), c.any()
	if m == other || !m.Runs() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if m.Node.Forget(ctx, other.Options.Node) == nil {
		c.lost = time.Now()
	}
}

// move has a node be beside another Prosody.
func (c *Chaos) move() {
	m := c.any()
	m.Stop()
	m.Options.Cell = fmt.Sprintf("shard%d", 1+c.rand.IntN(2))
	c.about(m.Options.Node + " " + m.Options.Cell)
	m.Start()
}

// second starts a second usher of a name, or stops it.
func (c *Chaos) second() {
	if c.extra != nil {
		c.extra.Stop()
		c.extra = nil
		return
	}
	of := c.any()
	e := c.w.Second(of.Options.Node)
	c.extra = e
	c.mu.Lock()
	c.twice = of.Options.Node
	for _, t := range c.known {
		delete(t.has, c.twice)
	}
	c.mu.Unlock()
	c.about(of.Options.Node)
	e.Start()
}

// check says what a fresh node does not know that it has to, or nothing.
func (c *Chaos) check() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for _, name := range c.names {
		m := c.w.Nodes[name]
		if !m.Runs() || !m.Node.Fresh() {
			continue
		}
		for _, t := range c.known {
			if m.Knows(t.Revocation) {
				continue
			}
			if t.has[name] {
				return fmt.Sprintf("%s was said to have the revocation of %s by %s, and lets in", name, t.User, t.origin)
			}
			if c.due(t, now) {
				return fmt.Sprintf("%s is fresh, by %v, and does not know the revocation of %s by %s, made %v ago",
					name, m.Node.Staleness(), t.User, t.origin, now.Sub(t.At))
			}
		}
	}
	return ""
}

// maxSkew is by how much a clock may be wrong. Here, other than in the product, one that is set
// back also makes a node believe that less time has passed.
const maxSkew = 4 * time.Second

// due reports whether every fresh node has to know a revocation: its time has passed since
// the engine took it. If that lost something since, the nodes that live have to find out.
func (c *Chaos) due(t *told, now time.Time) bool {
	if t.published.IsZero() || now.Sub(t.published) <= Staleness+2*maxSkew {
		return false
	}
	return c.lost.Before(t.At.Add(-10 * time.Second))
}

// Quiet mends everything and waits, and says in what the nodes are not equal then.
func (c *Chaos) Quiet() string {
	if c.extra != nil {
		c.extra.Stop()
		c.extra = nil
	}
	for _, name := range c.names {
		m := c.w.Nodes[name]
		m.Client.Cut(false)
		m.Client.Break(nil)
		m.Break(nil)
		m.Skew.Store(0)
		if !m.Runs() {
			m.Start()
		}
	}
	c.note("quiet")
	time.Sleep(15 * Staleness)
	synctest.Wait()
	for _, name := range c.names {
		m := c.w.Nodes[name]
		if !m.Node.Fresh() {
			return fmt.Sprintf("%s is behind by %v, ended by %v: %#v", name, m.Node.Staleness(), m.Ended(),
				m.Node.Report())
		}
	}
	if text := c.w.Differ(); text != "" {
		return text
	}
	c.mu.Lock()
	c.known = slices.DeleteFunc(c.known, func(t *told) bool { return len(t.has) == 0 }) // all who had it were restored
	c.twice = ""
	c.mu.Unlock()
	c.lost = time.Time{}
	return c.check()
}

// Tally says how often each thing was done.
func (c *Chaos) Tally() string {
	var b strings.Builder
	for _, what := range slices.Sorted(maps.Keys(c.Done)) {
		fmt.Fprintf(&b, "%s %d, ", what, c.Done[what])
	}
	return strings.TrimSuffix(b.String(), ", ")
}
