package asynclog

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// stalledWriter blocks until opened, like a stderr that nobody reads.
type stalledWriter struct {
	open chan struct{}
	buf  bytes.Buffer
}

func (w *stalledWriter) Write(p []byte) (int, error) {
	<-w.open
	return w.buf.Write(p)
}

func TestAsyncLogNeverBlocks(t *testing.T) {
	w := &stalledWriter{open: make(chan struct{})}
	l := newLog(NewHandler(w, "text", slog.LevelInfo), 4)
	log := slog.New(l.Handler()).With("door", "dovecot")
	began := time.Now()
	for range 100 {
		log.Info("login")
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("logging to a stalled writer took %v", took)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if l.Close(short) == nil {
		t.Error("Close said that a stalled log was written")
	}
	close(w.open)
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := w.buf.String()
	written := strings.Count(out, "msg=login door=dovecot")
	if written < 4 || written > 5 || !strings.Contains(out, "dropped=9") {
		t.Errorf("%d lines written, and:\n%s", written, out)
	}
}

func TestAsyncLogLevel(t *testing.T) {
	var buf bytes.Buffer
	level := new(slog.LevelVar)
	l := newLog(NewHandler(&buf, "json", level), 16)
	log := slog.New(l.Handler())
	log.Debug("hidden")
	level.Set(slog.LevelDebug)
	log.Debug("shown")
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := buf.String(); strings.Contains(out, "hidden") || !strings.Contains(out, `"msg":"shown"`) {
		t.Error(out)
	}
}
