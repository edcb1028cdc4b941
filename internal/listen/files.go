package listen

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"usher/internal/logattr"
	"usher/metrics"
)

// A Share is what an endpoint gets of the process's file descriptors.
type Share struct {
	Name        string
	Least, Most int // connections
	Each        int // descriptors of a connection: with one to Prosody it has two
}

// Divide finds how many connections each endpoint may have, so that all of
// them together fit into so many descriptors. Each gets its least; what is
// left goes to them in order. It fails if not even that fits.
func Divide(files int, shares []Share) (map[string]int, error) {
	least := 0
	for _, s := range shares {
		least += s.Least * s.Each
	}
	if least > files {
		return nil, fmt.Errorf("%d file descriptors are too few for connections, %d are needed", max(files, 0), least)
	}
	most, left := map[string]int{}, files-least
	for _, s := range shares {
		more := min(s.Most-s.Least, left/s.Each)
		most[s.Name] = s.Least + max(more, 0)
		left -= max(more, 0) * s.Each
	}
	return most, nil
}

// MostFiles returns how many descriptors this process may have. Go has raised
// the soft limit to the hard one by the time that main runs.
func MostFiles() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, fmt.Errorf("reading RLIMIT_NOFILE: %w", err)
	}
	return int(min(limit.Cur, 1<<30)), nil
}

// openSpare opens a file only to have its descriptor; nil if there is none left.
func openSpare() *os.File {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return nil
	}
	return f
}

func (l *Listener) closeSpare() {
	if l.spare != nil {
		_ = l.spare.Close()
		l.spare = nil
	}
}

const (
	firstPause = 5 * time.Millisecond
	mostPause  = time.Second
	spareWait  = 20 * time.Millisecond // the client may be gone by now
)

// outOfFiles closes a connection without a request, or else the new one, by means of
// the spare descriptor. It then waits a moment, so that accept does not spin while
// descriptors are short.
func (l *Listener) outOfFiles(err error) {
	l.line(metrics.ClosedFiles,
		"out of file descriptors, connections are closed; raise LimitNOFILE in usher's systemd unit (ulimit -n)",
		logattr.Err(err))
	if c := l.table.makeRoom(); c != nil {
		c.evict(metrics.ClosedFiles)
	} else {
		l.refuseBySpare()
	}
	l.pause = min(max(2*l.pause, firstPause), mostPause)
	select {
	case <-l.closed:
	case <-time.After(l.pause):
	}
}

// refuseBySpare accepts the next connection with the spare descriptor, and closes it.
func (l *Listener) refuseBySpare() {
	defer func() {
		if l.spare == nil {
			l.spare = openSpare()
		}
	}()
	deadline, ok := l.Listener.(interface{ SetDeadline(time.Time) error })
	if l.spare == nil || !ok {
		return
	}
	l.closeSpare()
	_ = deadline.SetDeadline(time.Now().Add(spareWait))
	if nc, err := l.Listener.Accept(); err == nil {
		_ = nc.Close()
		l.table.count()
		l.metrics.Closed(metrics.ClosedFiles)
	}
	_ = deadline.SetDeadline(time.Time{})
}
