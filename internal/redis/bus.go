package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/cluster"
)

// Options say where the engine is, and how to speak to it.
type Options struct {
	// Address is host:port, or the absolute path of a Unix socket. With Sentinel it is empty.
	Address string
	// Sentinel is the name under which the Sentinels know the primary, and Sentinels are their
	// addresses, host:port. Without a name there are none.
	Sentinel  string
	Sentinels []string
	Database  int
	// TLS is nil for a connection without it. The host's name is put in for each connection.
	TLS *tls.Config
	// User and Password are of the engine, SentinelPassword is of the Sentinels' default user.
	// A password is asked for at each connection, so that it can be changed; nil is for none.
	User             string
	Password         func() (string, error)
	SentinelPassword func() (string, error)
	// Timeout bounds a connection's beginning, and the answer to a command. 0 stands for two seconds.
	Timeout time.Duration

	stragglers time.Duration // of tests; 0 stands for the constant
}

const defaultTimeout = 2 * time.Second

// A Bus is a [cluster.Bus] on Redis. It connects when it is first asked for something, and again by itself. While the
// engine is away each call takes a while to say so, the longer the engine has been away, from 10 ms to a second.
type Bus struct {
	options        Options
	era            atomic.Uint64 // grows when the primary may be another
	publish, other *link         // publishing waits for nothing else

	mu      sync.Mutex
	closed  bool
	follows map[*link]bool
}

var _ cluster.Bus = (*Bus)(nil)

// New returns a bus that has not connected yet. The error says what is wrong with the options.
func New(o Options) (*Bus, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	b := &Bus{options: o, follows: map[*link]bool{}}
	var err error
	if b.publish, err = b.link(0); err != nil {
		return nil, err
	}
	b.other, err = b.link(0)
	return b, err
}

func (o *Options) check() error {
	switch {
	case (o.Sentinel == "") != (len(o.Sentinels) == 0):
		return errors.New("either a name that Sentinels know, with their addresses, or none of both")
	case (o.Sentinel == "") == (o.Address == ""):
		return errors.New("either an address or a name that Sentinels know")
	}
	for _, address := range slices.Concat(o.Sentinels, []string{o.Address}) {
		if address == "" || isSocket(address) {
			continue
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("address of the engine: %w", err)
		}
	}
	return nil
}

// link returns a connection whose answers may take so much longer than usual.
func (b *Bus) link(wait time.Duration) (*link, error) {
	return newLink(&b.options, b, wait)
}

// now, dial and lost are the bus as a link's home.
func (b *Bus) now() uint64 { return b.era.Load() }

func (b *Bus) dial(ctx context.Context) (net.Conn, error) { return b.options.primary(ctx) }

// lost ends the other connections when one has failed, as the primary may be another now: one of them may hold to the
// old primary, which may be alive, and would wait there for ever. A connection of an era before says nothing new.
func (b *Bus) lost(era uint64) {
	if b.options.Sentinel == "" || !b.era.CompareAndSwap(era, era+1) {
		return
	}
	for _, l := range b.links() {
		l.cut(era)
	}
}

func (b *Bus) links() []*link {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := []*link{b.publish, b.other}
	for l := range b.follows {
		all = append(all, l)
	}
	return all
}

// following opens a connection for one who follows, and returns what closes it.
func (b *Bus) following() (*link, func(), error) {
	l, err := b.link(block)
	if err != nil {
		return nil, nil, err
	}
	b.mu.Lock()
	closed := b.closed
	b.follows[l] = true
	b.mu.Unlock()
	if closed {
		l.close()
	}
	return l, func() {
		b.mu.Lock()
		delete(b.follows, l)
		b.mu.Unlock()
		l.close()
	}, nil
}

// Close ends all connections; calls that wait for one return. A closed bus is away for ever.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	for _, l := range b.links() {
		l.close()
	}
}
