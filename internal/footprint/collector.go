package footprint

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// What garbage may pile up before it is collected: slack, but no more than four times what
// lives, and no less than a fifth of it. A login that comes while garbage is collected waits
// longer, as the collector competes with it and with Prosody for the cores; sessions stay, and
// logins leave little behind, so that with a slack of some megabytes that is one in thousands.
const (
	mostPercent  = 400
	leastPercent = 20
	slack        = 16 << 20 // bytes
)

// A Collector says, after each collection of garbage, when the next one is, unless the
// environment does (GOGC).
type Collector struct {
	stopped atomic.Bool
	percent int // for the one collection at a time
}

// NewCollector begins with little that lives.
func NewCollector() *Collector {
	c := &Collector{percent: mostPercent}
	if os.Getenv("GOGC") != "" {
		c.Stop()
		return c
	}
	debug.SetGCPercent(mostPercent)
	c.arm()
	return c
}

// Stop leaves the next collection as it is.
func (c *Collector) Stop() { c.stopped.Store(true) }

// arm has adapt called when the next garbage was collected: it leaves some behind.
func (c *Collector) arm() {
	runtime.AddCleanup(&struct{ of *Collector }{c}, (*Collector).adapt, c)
}

// adapt looks at what lives.
func (c *Collector) adapt() {
	if c.stopped.Load() {
		return
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() == metrics.KindUint64 {
		if percent := percentOf(live[0].Value.Uint64()); c.percent != percent {
			c.percent = percent
			debug.SetGCPercent(percent)
		}
	}
	c.arm()
}

// percentOf returns the slack in hundredths of what lives, in steps of five: each change stops
// the program for a moment.
func percentOf(live uint64) int {
	percent := mostPercent
	if live > 0 {
		percent = int(min(mostPercent, slack*100/live))
	}
	return max(leastPercent, percent/5*5)
}
