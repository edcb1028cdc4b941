package redis

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"usher/internal/cluster"
)

// stragglers is how long the other Sentinels may take once one has answered.
const stragglers = 200 * time.Millisecond

func isSocket(address string) bool { return strings.HasPrefix(address, "/") }

// ask returns a password, or "" where none is configured.
func ask(password func() (string, error)) (string, error) {
	if password == nil {
		return "", nil
	}
	text, err := password()
	if err != nil {
		return "", fmt.Errorf("%w: %w", cluster.ErrRefused, err)
	}
	return text, nil
}

// primary connects to the engine, or to what the Sentinels say that it is now.
func (o *Options) primary(ctx context.Context) (net.Conn, error) {
	address := o.Address
	if o.Sentinel != "" {
		var err error
		if address, err = o.find(ctx); err != nil {
			return nil, err
		}
	}
	return o.connect(ctx, address)
}

func (o *Options) connect(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if isSocket(address) {
		network = "unix"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil || o.TLS == nil {
		return conn, err
	}
	config := o.TLS.Clone()
	if host, _, err := net.SplitHostPort(address); err == nil && config.ServerName == "" {
		config.ServerName = host
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	return secure, nil
}

// A told is what one Sentinel says of the primary.
type told struct {
	address string
	epoch   uint64 // of the failover that made it the primary
	err     error
}

// find asks all Sentinels at once, and believes the one who knows of the latest failover: one that is cut off from the
// others would send every node to the old primary.
func (o *Options) find(ctx context.Context) (string, error) {
	var asking sync.WaitGroup
	defer asking.Wait() // after cancel
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all := make(chan told, len(o.Sentinels))
	for _, address := range o.Sentinels {
		asking.Go(func() { all <- o.tell(ctx, address) })
	}
	var best told
	errs := make([]error, 0, len(o.Sentinels))
	for range o.Sentinels {
		one := <-all
		if one.err != nil {
			errs = append(errs, one.err)
			continue
		}
		if best.address == "" || one.epoch > best.epoch {
			best = one
		}
		time.AfterFunc(cmp.Or(o.stragglers, stragglers), cancel)
	}
	if best.address == "" {
		return "", verdict(errs)
	}
	return best.address, nil
}

// verdict makes one error of what all Sentinels say: while any of them is away, that may pass.
func verdict(errs []error) error {
	all := errors.Join(errs...)
	if errors.Is(all, cluster.ErrAway) {
		return fmt.Errorf("%w: %v", cluster.ErrAway, all) // %v: it must not be a refusal as well
	}
	return all
}

// A lone is the home of one link, for one question.
type lone struct{ *Options }

func (lone) now() uint64                                  { return 0 }
func (l lone) dial(ctx context.Context) (net.Conn, error) { return l.primary(ctx) }
func (lone) lost(uint64)                                  {}

// askSentinel returns what one Sentinel knows of the primary.
func (o *Options) askSentinel(ctx context.Context, address string) (map[string]string, error) {
	as := &Options{Address: address, Password: o.SentinelPassword, Timeout: o.Timeout, TLS: o.TLS}
	l, err := newLink(as, lone{as}, 0)
	if err != nil {
		return nil, err
	}
	defer l.close()
	answers, err := l.do(ctx, []string{"SENTINEL", "MASTER", o.Sentinel})
	if err != nil {
		return nil, fmt.Errorf("asking Sentinel %s: %w", address, err)
	}
	values, err := answers[0].AsStrMap()
	if err != nil {
		return nil, fmt.Errorf("asking Sentinel %s: %w", address, classify(err))
	}
	return values, nil
}

func (o *Options) tell(ctx context.Context, address string) (t told) {
	values, err := o.askSentinel(ctx, address)
	if err != nil {
		return told{err: err}
	}
	t.address = net.JoinHostPort(values["ip"], values["port"])
	if t.epoch, err = strconv.ParseUint(values["config-epoch"], 10, 64); err != nil {
		return told{err: fmt.Errorf("asking Sentinel %s: %w: config-epoch: %w", address, cluster.ErrRefused, err)}
	}
	return t
}
