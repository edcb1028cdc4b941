package dovecot

import (
	"sync"
	"time"
)

// A watchdog runs overdue, once, if what was started is not stopped within
// limit. It costs no goroutine while all is well, and hardly a timer: one
// that was set for an earlier request is left to run, and sees for itself
// what is due. Setting one for each request would wake the runtime's poller
// each time, which costs as much as the rest of the request.
type watchdog struct {
	limit   time.Duration
	overdue func(id uint32)

	mu    sync.Mutex
	timer *time.Timer
	set   bool // timer will call bark
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
		w.timer = time.AfterFunc(d, w.bark)
	} else {
		w.timer.Reset(d)
	}
}

// stop reports whether the caller is in time. If not, overdue ran or runs.
func (w *watchdog) stop() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	inTime := !w.due.IsZero()
	w.due = time.Time{}
	return inTime
}

// end lets go of the timer, for good.
func (w *watchdog) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watchdog) bark() {
	if id, late := w.check(); late {
		w.overdue(id)
	}
}

// check reports what is overdue, or sets the timer for what will be.
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
