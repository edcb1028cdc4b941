package cluster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Report is what a node knows of its cluster. Times are by its own clock.
type Report struct {
	Node      string        `json:"node"`
	Cell      string        `json:"cell"`
	Staleness time.Duration `json:"staleness"` // negative: the node was not with the others yet
	Fresh     bool          `json:"fresh"`
	Writer    string        `json:"writer,omitempty"` // of the cell, as far as this node knows
	Outbox    int           `json:"outbox"`           // changes that the engine has not taken
	Clock     time.Duration `json:"clock"`            // how far this node's clock is ahead of the middle of all
	Engine    string        `json:"engine,omitempty"` // what is wrong with it
	Problems  []string      `json:"problems"`         // why this node is not ready
	Strangers []string      `json:"strangers"`        // names that were heard, and have none of this node's keys
	Nodes     []NodeReport  `json:"nodes"`            // sorted, this one included
}

// A NodeReport is what a node knows of one.
type NodeReport struct {
	Node     string        `json:"node"`
	Cell     string        `json:"cell,omitempty"`
	Lives    bool          `json:"lives"`
	Heard    time.Duration `json:"heard"` // for how long nothing was heard of it
	Started  time.Time     `json:"started,omitzero"`
	Usher    string        `json:"usher,omitempty"` // its version
	Config   string        `json:"config,omitempty"`
	SameConf bool          `json:"same_config"` // as this node's
	InStep   bool          `json:"in_step"`     // it knows what this node knows
	Outbox   int           `json:"outbox"`
	Writer   bool          `json:"writer"`
	Clock    time.Duration `json:"clock"` // how far its clock is ahead of the middle of all
	Problem  string        `json:"problem,omitempty"`
}

// ClockTolerance is by how much a node's clock may differ from the middle of all. One that
// differs more must not change lists, by whose times it is decided what is newer.
const ClockTolerance = 5 * time.Second

// Report returns what is known of the cluster now.
func (n *Node) Report() Report {
	r := Report{Node: n.o.Node, Cell: n.o.Cell, Staleness: n.Staleness(), Fresh: n.Fresh(), Problems: []string{}}
	if n.asOf.Load() == notYet {
		r.Staleness = -1
	}
	l := n.global
	l.mu.Lock()
	r.Engine, r.Outbox = l.trouble, len(l.out.facts)
	blocked, middle := l.blocked, l.middleLocked()
	r.Strangers = append([]string{}, l.strangersLocked()...)
	for node, v := range l.views {
		if v.beat != nil {
			r.Nodes = append(r.Nodes, l.nodeLocked(node, v, middle))
		}
	}
	l.mu.Unlock()
	n.cell.mu.Lock()
	r.Outbox += len(n.cell.out.facts)
	if r.Engine == "" {
		r.Engine = n.cell.trouble
	}
	n.cell.mu.Unlock()
	slices.SortFunc(r.Nodes, func(a, b NodeReport) int { return strings.Compare(a.Node, b.Node) })
	r.judge(n, blocked)
	return r
}

// judge says what is wrong.
func (r *Report) judge(n *Node, blocked string) {
	for _, v := range r.Nodes {
		if v.Node == r.Node {
			r.Clock = v.Clock
		}
		if v.Writer && v.Cell == r.Cell {
			r.Writer = v.Node
		}
	}
	if text := n.cannot.Load(); text != nil && *text != "" {
		r.Problems = append(r.Problems, *text)
	}
	if blocked != "" {
		r.Problems = append(r.Problems, blocked)
	}
	if !r.Fresh {
		r.Problems = append(r.Problems, r.whyStale())
	}
	if r.Clock.Abs() > ClockTolerance {
		r.Problems = append(r.Problems, "the clock is "+seconds(r.Clock.Abs())+
			" away from that of the other ushers")
	}
}

// whyStale says why this node does not let people in.
func (r *Report) whyStale() string {
	text := "this usher may not know what the others have revoked"
	switch {
	case r.Engine != "":
		text += ": " + r.Engine
	case len(r.Strangers) > 0:
		text += ": " + r.strangers()
	}
	return text
}

func (l *link) nodeLocked(node string, v *view, middle time.Duration) NodeReport {
	h := v.beat
	r := NodeReport{Node: node, Cell: h.Cell, Lives: v.livesAt(l.now), Heard: l.heardForLocked(v), Started: h.Started,
		Usher: h.Usher, Config: h.Config, SameConf: h.Config == *l.n.config.Load(), InStep: v.inStep, Outbox: h.Outbox,
		Writer: h.Writer, Problem: h.Refused}
	if node == l.n.o.Node {
		r.InStep = true
	}
	if v.offset.n > 0 {
		r.Clock = v.offset.ahead() - middle
	}
	return r
}

// middleLocked is by how much the clock in the middle of all is ahead of the engine's.
func (l *link) middleLocked() time.Duration {
	var list []time.Duration
	for node, v := range l.views {
		if v.offset.n > 0 && (node == l.n.o.Node || v.livesAt(l.now)) {
			list = append(list, v.offset.ahead())
		}
	}
	return median(list)
}

// String says how many nodes live, and what is known of those that were not heard for a while.
func (r Report) String() string {
	var lives int
	var silent []string
	for _, v := range r.Nodes {
		switch {
		case !v.Lives:
			silent = append(silent, v.Node+" has not been heard for "+seconds(v.Heard))
		default:
			lives++
		}
	}
	return strings.Join(append([]string{fmt.Sprintf("%d of %d nodes", lives, len(r.Nodes))}, silent...), "; ")
}

// Forget retires a node for good: its snapshots go, and the other nodes forget it. One that
// lives comes back by itself.
func (n *Node) Forget(ctx context.Context, node string) error {
	if err := CheckName(node); err != nil {
		return err
	}
	if node == n.o.Node {
		return fmt.Errorf("%s is this usher", node)
	}
	l, cell := n.global, n.cell.scope
	l.mu.Lock()
	v := l.views[node]
	if v != nil && v.beat != nil {
		cell = Cell(v.beat.Cell)
	}
	l.mu.Unlock()
	if v == nil {
		if err := n.hasNode(ctx, node); err != nil {
			return err
		}
	}
	for _, scope := range []Scope{Global, cell} {
		if err := n.bus.Forget(ctx, scope, node); err != nil {
			return err
		}
	}
	n.global.forgotten(node)
	n.cell.forgotten(node)
	l.enter([]Fact{{Kind: KindForget, Key: KeyOf(KindForget, node), Body: []byte(node)}}, Mark{})
	return nil
}

// hasNode is nil if the engine has something of a node, also if no key here made it.
func (n *Node) hasNode(ctx context.Context, node string) error {
	for _, scope := range []Scope{Global, n.cell.scope} {
		nodes, err := n.bus.Nodes(ctx, scope)
		if err != nil || slices.Contains(nodes, node) {
			return err
		}
	}
	return fmt.Errorf("there is no node %s: usher cluster status shows all", node)
}

func count(n int) string { return strconv.Itoa(n) }

func seconds(d time.Duration) string {
	return strconv.Itoa(int(d.Round(time.Second)/time.Second)) + " s"
}
