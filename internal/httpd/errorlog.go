package httpd

import (
	"errors"
	"log"
	"log/slog"
	"strings"

	"usher/internal/logattr"
	"usher/internal/ratelimit"
)

// mostErrorText bounds an error of net/http in the log, in bytes.
const mostErrorText = 200

// newErrorLog returns the log of an http.Server.
func newErrorLog(name string, l *slog.Logger) *log.Logger {
	return log.New(&errorLog{name: name, log: l}, "", 0)
}

// An errorLog logs the first line of an error of net/http: the rest is a stack, or what
// a client sent.
type errorLog struct {
	name string
	log  *slog.Logger
	gate ratelimit.Log
}

// Write implements io.Writer for log.Logger.
func (w *errorLog) Write(p []byte) (int, error) {
	n, now := w.gate.Allow()
	if !now {
		return len(p), nil
	}
	line, _, _ := strings.Cut(string(p), "\n")
	complaint := errors.New(line[:min(len(line), mostErrorText)])
	w.log.Warn("http server", slog.String("door", w.name), logattr.Err(complaint), logattr.NotLogged(n))
	return len(p), nil
}
