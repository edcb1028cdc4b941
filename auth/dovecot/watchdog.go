package dovecot

import (
	"sync"
	"time"
)

// A watchdog calls overdue, once, for a request that was started and is not stopped
// within limit. It has no goroutine while all is well, and one timer for many
// requests, which looks what is due when it fires: to set a timer for each request
// would wake the runtime's poller, which costs as much as the rest of the request.
type watchdog struct {
	limit   time.Duration
	overdue func(id uint32)

	mu    sync.Mutex
	timer *time.Timer
	set   bool // timer will call fire
	ended bool
	id    uint32
	due   time.Time // zero while nothing runs
}

func newWatchdog(limit time.Duration, overdue func(id uint32)) *watchdog {
	return &watchdog{limit: limit, overdue: overdue}
}

func (w *watchdog) start(id uint32) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.id, w.due = id, now.Add(w.limit)
	if !w.set {
		w.wakeAfterLocked(w.limit)
	}
}

// wakeAfterLocked sets the time of the next look.
func (w *watchdog) wakeAfterLocked(d time.Duration) {
	if w.ended {
		return
	}
	w.set = true
	if w.timer == nil {
		w.timer = time.AfterFunc(d, w.fire)
	} else {
		w.timer.Reset(d)
	}
}

// stop reports whether the request is in time. If not, overdue ran or runs.
func (w *watchdog) stop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	inTime := !w.due.IsZero()
	w.due = time.Time{}
	return inTime
}

// end stops the timer for good.
func (w *watchdog) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watchdog) fire() {
	if id, late := w.check(); late {
		w.overdue(id)
	}
}

// check returns the request that is overdue, or sets the timer for the one that runs.
func (w *watchdog) check() (id uint32, late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.set = false
	if w.due.IsZero() {
		return 0, false
	}
	if left := time.Until(w.due); left > 0 {
		w.wakeAfterLocked(left)
		return 0, false
	}
	w.due = time.Time{}
	return w.id, true
}
