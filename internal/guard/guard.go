// Package guard answers one question: for how long may others have to wait for a
// lock? It is measured, not guessed: [RWMutex] can be watched, and the tests of
// package guardtest watch it. It starts no goroutine.
package guard

import "sync"

// Portion is how many entries of a large table are looked at before others are
// let at its lock: Prosody waits for the answers that wait for it.
const Portion = 64

// An RWMutex is a [sync.RWMutex] whose holder can be watched. The zero value is
// ready.
type RWMutex struct {
	sync.RWMutex
	Meter *Meter // set while nobody else uses the lock; or nil
}

// A Meter is told when its lock is taken and let go.
type Meter struct{ Taken, LetGo func() }

// Lock is that of [sync.RWMutex].
func (g *RWMutex) Lock() {
	g.RWMutex.Lock()
	if g.Meter != nil {
		g.Meter.Taken()
	}
}

// Unlock is that of [sync.RWMutex].
func (g *RWMutex) Unlock() {
	if g.Meter != nil {
		g.Meter.LetGo()
	}
	g.RWMutex.Unlock()
}

// RLock is that of [sync.RWMutex].
func (g *RWMutex) RLock() {
	g.RWMutex.RLock()
	if g.Meter != nil {
		g.Meter.Taken()
	}
}

// RUnlock is that of [sync.RWMutex].
func (g *RWMutex) RUnlock() {
	if g.Meter != nil {
		g.Meter.LetGo()
	}
	g.RWMutex.RUnlock()
}
