package try

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"time"

	"usher/internal/text"
)

// resolve finds the addresses of the name.
func (t *Trial) resolve(ctx context.Context) result {
	host, _ := t.Target.address()
	if net.ParseIP(host) != nil || t.Connect != "" {
		return result{}
	}
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		why := err.Error()
		if of, ok := errors.AsType[*net.DNSError](err); ok {
			why = of.Err
		}
		mend := "give " + host + " an A or AAAA record, or correct the name"
		if t.Target.URL == nil {
			mend += "; where Prosody is on this machine, --c2s localhost does without"
		} else {
			mend += "; --url names another page"
		}
		return failed(mend, "%s has no address: %s", host, why)
	}
	return passed("%s is %s", host, strings.Join(text.First(found, 4), ", "))
}

// connect opens the connection.
func (t *Trial) connect(ctx context.Context) result {
	host, port := t.Target.address()
	address := cmp.Or(t.Connect, net.JoinHostPort(host, port))
	conn, err := dial(ctx, address)
	if err != nil {
		if of, ok := errors.AsType[*net.OpError](err); ok {
			err = of.Err
		}
		if ctx.Err() != nil {
			err = errors.New("no answer in time")
		}
		mend := "start the web server, open its port in the firewall, or correct the address"
		if t.Target.URL == nil {
			mend = "start Prosody (systemctl start prosody), open its port in the firewall, or correct the address (c2s_ports)"
		}
		return failed(mend, "nobody answers at %s: %v", address, err)
	}
	t.conn = conn
	return passed("%s", conn.RemoteAddr())
}

// startsWithin is how long a server may take to listen. systemctl restart prosody returns before Prosody does, and what
// is pasted behind it would find nobody.
const startsWithin = 3 * time.Second

// dial connects, and asks a few times more where nobody listens: nothing tells when that changes.
func dial(ctx context.Context, address string) (net.Conn, error) {
	within, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	again := time.NewTicker(startsWithin / 12)
	defer again.Stop()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return conn, err
		}
		select {
		case <-within.Done():
			return nil, err
		case <-again.C:
		}
	}
}
