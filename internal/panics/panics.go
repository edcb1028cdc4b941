// Package panics answers two questions: what is written down when code
// panics, and what is answered in its place? There is one way for every door:
// one line in the log, one count, and a refusal. It starts no goroutine.
package panics

import (
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime"
	"strings"
	"sync"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
	"usher/metrics"
)

// mostFrames bounds the stack in a line of the log.
const mostFrames = 32

// A Reporter writes panics down. A nil one recovers all the same.
type Reporter struct {
	log     *slog.Logger
	metrics *metrics.Metrics
	gates   sync.Map // *ratelimit.Log by door and path, which are closed lists
}

// New returns a reporter; without a log, or without metrics, that part is left out.
func New(log *slog.Logger, m *metrics.Metrics) *Reporter { return &Reporter{log: log, metrics: m} }

// Recover is to be deferred where a panic shall end no more than what it is
// deferred in: defer p.Recover(door, path, then). After a panic it writes the
// one line and runs then. The path is a pattern of the code, never a client's
// text. [http.ErrAbortHandler] passes on: it is net/http's own sign that the
// client went away.
func (p *Reporter) Recover(door, path string, then func()) {
	v := recover()
	if v == nil {
		return
	}
	if v == http.ErrAbortHandler {
		panic(v)
	}
	p.report(door, path, v)
	then()
}

// report writes at most one line a second of each path: a client that found the
// fault must not fill the disk. Of the value only the type is written, as it may
// hold a token; the runtime's own errors, which hold types and numbers only, are
// written whole.
func (p *Reporter) report(door, path string, v any) {
	if p == nil {
		return
	}
	if p.metrics != nil {
		p.metrics.Panicked(door)
	}
	if p.log == nil {
		return
	}
	gate, _ := p.gates.LoadOrStore([2]string{door, path}, &ratelimit.Log{})
	silent, now := gate.(*ratelimit.Log).Allow()
	if !now {
		return
	}
	attrs := []any{slog.String("door", door), slog.String("path", path), slog.String("type", fmt.Sprintf("%T", v))}
	if err, ok := v.(runtime.Error); ok {
		attrs = append(attrs, logattr.Err(err))
	}
	p.log.Error("panic", append(attrs, slog.String("stack", stack()), logattr.NotLogged(silent))...)
}

// stack names the functions from the one that panicked to the one that called
// them all, without a value of theirs.
func stack() string {
	pcs := make([]uintptr, mostFrames+16)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	var lines []string
	panicked := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicked, lines = true, nil // of nested panics the first
		case panicked && !strings.HasPrefix(f.Function, "runtime.") && len(lines) < mostFrames:
			lines = append(lines, fmt.Sprintf("%s %s:%d", f.Function, path.Base(f.File), f.Line))
		}
		if !more {
			return strings.Join(lines, " < ")
		}
	}
}
