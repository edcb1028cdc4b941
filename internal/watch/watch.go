package watch

import (
	"maps"
	"os"
	"syscall"
	"time"
)

// Every is how often the identity of every file is compared where [Hints] may miss a
// change, and how long after a look that finds one the next look is. A change is acted on
// after the second look that finds the same, so a removed secret is dead within half a
// second.
const Every = 200 * time.Millisecond

const (
	settles = 100 * time.Millisecond // from a hint to the look: what makes one makes many
	seldom  = 10 * time.Second       // where every change makes a hint
)

// mostLooks bounds how long a change waits for two looks that find the same, to ten
// seconds: a file that is written all the time keeps no other change from being
// seen for ever.
const mostLooks = 50

// A Watcher says when the configuration or a file that it names has changed. Its
// methods are for one goroutine.
//
// It looks, and [Hints] say when that is worth it: network file systems send no events for
// what another machine wrote, inotify's watches are limited for each user, and a mount over a
// folder makes no event at all. A stat of ten files costs some microseconds, but a look five
// times a second keeps a processor from its sleep.
type Watcher struct {
	known   map[string]State // what the last reload saw
	pending map[string]State // what the last look saw, when that differs
	looks   int              // in a row that have found a difference, and not the same one
}

// A State is a file as far as a change of it can be seen from outside. States are
// compared with ==. The zero value is a file that is not there.
type State struct {
	target inodeState // through symlinks
	link   inodeState // the name itself
}

type inodeState struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // ns since the epoch
}

// Look returns the state of every file now.
func Look(files []string) map[string]State {
	states := make(map[string]State, len(files))
	for _, f := range files {
		states[f] = Of(f)
	}
	return states
}

// Of returns the state of one file now.
func Of(name string) State {
	return State{target: stateOf(os.Stat(name)), link: stateOf(os.Lstat(name))}
}

func stateOf(info os.FileInfo, err error) inodeState {
	if err != nil {
		return inodeState{}
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return inodeState{size: info.Size(), mtime: info.ModTime().UnixNano()}
	}
	return inodeState{dev: uint64(st.Dev), ino: st.Ino, size: st.Size, mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano()}
}

// Expect sets the files to watch after a load that began at began. before holds
// the states seen just before each file was read: one that has changed since then
// keeps its older state, so that the next look finds a change and nothing is
// missed. One that was written in the moment before may be written once more with
// the same stamp, so it is read again.
func (w *Watcher) Expect(files []string, before map[string]State, began time.Time) {
	states := Look(files)
	// The kernel stamps files by its tick, up to 10 ms behind the clock.
	limit, now := began.Add(-10*time.Millisecond).UnixNano(), time.Now().UnixNano()
	for f, state := range states {
		old, ok := before[f]
		if ok {
			state = old
		}
		stamp := max(state.target.ctime, state.link.ctime)
		// A stamp later than now: the clock was set back, which is no reason to read for ever.
		if states[f] = state; stamp > limit && (stamp <= now || !ok) {
			states[f] = State{link: inodeState{size: -1}} // like no real file: read it again
		}
	}
	w.known, w.pending, w.looks = states, nil, 0
}

// Changed takes one look. It is true once for each change, at the second look in a
// row that finds the same, so that a half-written file is left alone until its
// writer is done, or for so long as mostLooks says.
func (w *Watcher) Changed() bool {
	now := Look(w.Files())
	switch {
	case maps.Equal(now, w.known):
		w.pending, w.looks = nil, 0
		return false
	case !maps.Equal(now, w.pending) && w.looks < mostLooks:
		w.pending = now
		w.looks++
		return false
	}
	w.known, w.pending, w.looks = now, nil, 0
	return true
}

// Wait returns how long nothing has to be looked at: after a hint, or of none.
func (w *Watcher) Wait(hinted bool, h *Hints) time.Duration {
	switch {
	case w.pending != nil || !h.Whole():
		return Every
	case hinted:
		return settles
	}
	return seldom
}

// Files are the absolute names of the files that are watched, in any order.
func (w *Watcher) Files() []string {
	files := make([]string, 0, len(w.known))
	for f := range w.known {
		files = append(files, f)
	}
	return files
}
