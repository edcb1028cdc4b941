// Package asynclog answers one question: how is a line logged without anybody waiting for the log? Its [Log] has one
// goroutine, which [Log.Close] ends and waits for. It takes no lock of its own.
package asynclog

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// queueSize is how many records may wait for a slow stderr before the next ones are dropped.
const queueSize = 8192

// A Log writes log records from one goroutine of its own.
//
// A login must never wait for the log: stderr is a pipe to journald, and a journald that stands still would
// otherwise stop every door. Records that find the queue full are dropped and counted, and the count is logged once
// there is room again.
type Log struct {
	inner   slog.Handler
	queue   chan entry
	dropped atomic.Uint64
	closing chan struct{}
	once    sync.Once
	done    chan struct{} // closed at the end of run
	running sync.WaitGroup
}

// entry carries the handler too, because WithAttrs and WithGroup derive handlers that share one queue.
type entry struct {
	handler slog.Handler
	record  slog.Record
}

// New starts the goroutine that hands records to inner. [Log.Close] ends it.
func New(inner slog.Handler) *Log { return newLog(inner, queueSize) }

func newLog(inner slog.Handler, size int) *Log {
	l := &Log{
		inner:   inner,
		queue:   make(chan entry, size),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	l.running.Go(l.run)
	return l
}

// Handler returns the slog.Handler whose records go through the queue.
func (l *Log) Handler() slog.Handler { return handler{inner: l.inner, log: l} }

// Close writes what is queued and ends the goroutine, or gives up when ctx ends. Records that come later are lost.
func (l *Log) Close(ctx context.Context) error {
	l.once.Do(func() { close(l.closing) })
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("writing the last %d log lines: %w", len(l.queue), ctx.Err())
	}
}

func (l *Log) put(e entry) {
	select {
	case l.queue <- e:
	default:
		l.dropped.Add(1)
	}
}

func (l *Log) run() {
	defer close(l.done)
	for {
		select {
		case e := <-l.queue:
			l.write(e)
		case <-l.closing:
			l.drain()
			return
		}
	}
}

func (l *Log) drain() {
	for {
		select {
		case e := <-l.queue:
			l.write(e)
		default:
			l.reportDropped()
			return
		}
	}
}

// write has nobody to tell when stderr fails, so the error ends here.
func (l *Log) write(e entry) {
	_ = e.handler.Handle(context.Background(), e.record)
	// Half empty counts as room: one line for each record of a lasting overload would feed the overload.
	if len(l.queue) <= cap(l.queue)/2 {
		l.reportDropped()
	}
}

func (l *Log) reportDropped() {
	n := l.dropped.Swap(0)
	if n == 0 {
		return
	}
	r := slog.NewRecord(time.Now(), slog.LevelWarn, "log lines were dropped because the log was not read fast enough",
		0)
	r.AddAttrs(slog.Uint64("dropped", n))
	_ = l.inner.Handle(context.Background(), r)
}

// A handler is one derivation (attributes, groups) of the log.
type handler struct {
	inner slog.Handler
	log   *Log
}

// Enabled asks the wrapped handler, so that a LevelVar works at once.
func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.inner.Enabled(ctx, level)
}

// Handle queues the record and never blocks.
func (h handler) Handle(_ context.Context, r slog.Record) error {
	h.log.put(entry{handler: h.inner, record: r.Clone()})
	return nil
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{inner: h.inner.WithAttrs(attrs), log: h.log}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{inner: h.inner.WithGroup(name), log: h.log}
}

// NewHandler writes records as "json" or, for any other format, as text lines.
func NewHandler(w io.Writer, format string, level slog.Leveler) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}
