package bridge

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"usher/auth/extauth"
)

const (
	// maxAge is the age at which a query has no answer any more. Prosody
	// itself gives up after 5 s.
	maxAge = 3 * time.Second

	tick         = 500 * time.Millisecond // how often an idle bridge looks around
	writeTimeout = 100 * time.Millisecond
)

// FramingNamed returns what a protocol's name stands for: generic is Prosody's, ejabberd is ejabberd's.
func FramingNamed(name string) (f extauth.Framing, known bool) {
	switch name {
	case "generic":
		return extauth.Generic, true
	case "ejabberd":
		return extauth.Ejabberd, true
	}
	return 0, false
}

// Options say whom to connect.
type Options struct {
	Socket  string          // of the daemon's listen.extauth
	Framing extauth.Framing // of the queries; 0 means Generic
}

var (
	// errEnd ends the bridge, without a word.
	errEnd = errors.New("end")

	// errDoubt is for when it is not sure that somebody waits. What has come is
	// dropped without a word; see [bridge.startOver].
	errDoubt = errors.New("nobody may be waiting")
)

// A bridge is between standard input and output and the daemon.
type bridge struct {
	framing  extauth.Framing
	terminal bool
	signals  *signals
	daemon   daemon

	in  []byte // read, and not a whole query yet
	buf []byte
	eof bool

	// emptySince is a moment, by the boot clock, since when whatever is in the
	// terminal has come. A query is no older than that.
	emptySince time.Duration
}

// Run answers queries until standard input ends or, after a signal, the next
// answer is due; on pipes a signal ends it at once. It never returns an error:
// nobody could be told.
func Run(o Options) { run(o, upTimeout) }

func run(o Options, up time.Duration) {
	defer func() { _ = recover() }() // a panic would end with another code than 0
	quiet()
	t, err := unix.IoctlGetTermios(0, unix.TCGETS)
	terminal := err == nil
	s := catchSignals(terminal)
	if o.Framing == 0 {
		o.Framing = extauth.Generic
	}
	d := daemon{path: o.Socket, framing: o.Framing, fd: -1, up: up, settled: s.settledEverywhere}
	b := &bridge{framing: o.Framing, terminal: terminal, signals: s, daemon: d, buf: make([]byte, 32<<10)}
	defer b.daemon.close()
	b.open(t)
	letGo()
	b.answerAll()
	forget()
}

// answerAll returns when the bridge is to end.
func (b *bridge) answerAll() {
	for {
		err := b.next()
		if b.terminal && errors.Is(err, errDoubt) {
			err = b.startOver()
		}
		if err != nil {
			return
		}
	}
}

// quiet takes standard error away where it is the terminal: whatever is
// written there is read as an answer.
func quiet() {
	if _, err := unix.IoctlGetTermios(2, unix.TCGETS); err != nil {
		return
	}
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0) // no os.File: one that letGo closed would be closed again
	if err != nil {
		_ = unix.Close(2)
		return
	}
	_ = unix.Dup3(null, 2, 0)
	_ = unix.Close(null)
}

// open makes the terminal raw, if there is one; t are its settings. lpty's leave
// signals, flow control and the translation of CR on.
func (b *bridge) open(t *unix.Termios) {
	b.emptySince = startTime()
	if !b.terminal || isRaw(t) {
		return // raw already: the process before has left nothing there, and a waiting query was not echoed
	}
	before := now()
	makeRaw(t)
	if unix.IoctlSetTermios(0, unix.TCSETSF, t) == nil { // drops the query that was echoed
		b.emptySince = before
	}
}

const (
	rawInput = unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	rawLocal = unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
)

func isRaw(t *unix.Termios) bool { return t.Iflag&rawInput == 0 && t.Lflag&rawLocal == 0 }

// makeRaw is cfmakeraw(3).
func makeRaw(t *unix.Termios) {
	t.Iflag &^= rawInput
	t.Lflag &^= rawLocal
	t.Oflag &^= unix.OPOST
	t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
}

// next waits for one query and answers it. Whatever comes with it or until the
// answer is refused with it, in one.
func (b *bridge) next() error {
	query, rest, err := b.read()
	yes := false
	switch {
	case errors.Is(err, errTooLong), err == nil && len(rest) > 0:
	case err != nil:
		return err
	default:
		if yes, err = b.daemon.ask(query); err != nil {
			return err
		}
	}
	b.in = b.in[:0]
	if !b.signals.settled() {
		return errDoubt
	}
	more, err := b.drain()
	if err != nil {
		return err
	}
	return b.answer(yes && !more)
}

// startOver forgets what has come, and what was begun. A query that comes after
// that has somebody who waits for it again. The doubt may be older than what is
// known of its stop, as by a query's age: the signal of that is waited for, or
// it would cost the next query its answer.
func (b *bridge) startOver() error {
	b.signals.settledEverywhere()
	b.signals.resumed.Store(false) // before what has come is dropped: a stop from now on is another one
	for {
		began := now()
		ready, err := b.poll()
		b.in = b.in[:0]
		switch {
		case err != nil || b.eof:
			return errEnd
		case !ready:
			b.emptySince = began
			return nil
		}
	}
}

// answer writes one answer, if it is sure that somebody waits for it; or ends
// the bridge in its place, if a signal asked for that. Only now is that safe:
// Prosody waits and writes nothing, so no query is left for the next process,
// which could answer it before Prosody has written its own; no answer is left
// unread; and Prosody gives up this query, as it gets a SIGCHLD.
func (b *bridge) answer(yes bool) error {
	checked := now()
	if checked-b.emptySince >= maxAge {
		return errDoubt
	}
	if b.signals.ending.Load() {
		return errEnd
	}
	out := []unix.PollFd{{Fd: 1, Events: unix.POLLOUT}}
	if n, err := unix.Poll(out, int(writeTimeout.Milliseconds())); n != 1 || err != nil {
		return errDoubt
	}
	text := []byte(b.framing.Answer(yes))
	if n, err := unix.Write(1, text); n != len(text) || err != nil {
		return errDoubt
	}
	b.emptySince = checked // drain found nothing, and before the answer nobody asks
	if b.eof {
		return errEnd
	}
	return nil
}

var errTooLong = errors.New("too long")

// read waits for one whole query, and returns what came with it.
func (b *bridge) read() (query, rest []byte, err error) {
	for {
		ready, err := b.wait(tick)
		if err != nil {
			return nil, nil, err
		}
		if !ready {
			continue
		}
		if err := b.take(); err != nil || b.eof {
			return nil, nil, errEnd // a query that was cut has no answer
		}
		query, rest, ok, err := b.framing.Split(b.in)
		if err != nil {
			return nil, nil, errTooLong
		}
		if ok {
			return query, rest, nil
		}
	}
}

// wait reports whether there is something to read. Meanwhile it looks after
// the daemon.
func (b *bridge) wait(most time.Duration) (bool, error) {
	began := now()
	// a negative one is ignored
	fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}, {Fd: int32(b.daemon.fd), Events: unix.POLLIN}}
	err := waitFor(fds, int(most.Milliseconds()), b.signals.settledEverywhere)
	switch {
	case errors.Is(err, syscall.EINTR):
		return false, errDoubt
	case err != nil: // the machine has no descriptor or no memory left
		b.daemon.close() // gives one back
		time.Sleep(tick)
		return false, errDoubt
	case fds[0].Revents&(unix.POLLERR|unix.POLLNVAL) != 0:
		return false, errEnd
	case fds[0].Revents != 0:
		return true, nil
	}
	if len(b.in) == 0 {
		b.emptySince = began // it was empty at some time after that
	}
	return false, b.daemon.lookAfter(fds[1].Revents != 0)
}

// take reads what is there.
func (b *bridge) take() error {
	n, err := unix.Read(0, b.buf)
	switch {
	case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN):
		return nil
	case err != nil: // EIO: the other end of the terminal was closed
		return errEnd
	case n == 0:
		b.eof = true
	}
	b.in = append(b.in, b.buf[:n]...)
	return nil
}

// drain throws away what has come since the query, and reports whether there
// was anything. On Linux a poll of a terminal's slave lets all that was
// written before it arrive first, so nothing is overlooked.
func (b *bridge) drain() (more bool, err error) {
	for {
		ready, err := b.poll()
		if err != nil || !ready {
			return more, err
		}
		more = more || len(b.in) > 0
		b.in = b.in[:0]
		if now()-b.emptySince >= maxAge {
			return more, errDoubt
		}
	}
}

// poll reads what is there, and reports whether there was anything or the end.
func (b *bridge) poll() (ready bool, err error) {
	if b.eof {
		return false, nil
	}
	fds := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
	if _, err := unix.Poll(fds, 0); err != nil && !errors.Is(err, syscall.EINTR) {
		return false, errEnd
	}
	if fds[0].Revents == 0 {
		return false, nil
	}
	return true, b.take()
}
