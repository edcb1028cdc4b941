package try

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"usher/internal/text"
	"usher/internal/try/client"
)

// A link is the connection to where the trial begins, and the stream on it.
type link struct {
	*witness
	target   Target // it is another than the trial's where the DNS sends clients elsewhere
	conn     net.Conn
	stream   *client.Stream
	features client.Features

	apart time.Duration // of the clocks
	dated bool          // they were compared
}

// resolve finds the addresses of the name.
func (t *link) resolve(ctx context.Context) result {
	resolver := cmp.Or(t.Resolver, net.DefaultResolver)
	if t.Target.SRV && t.Connect == "" {
		t.target.C2S = served(ctx, resolver, t.target.C2S)
	}
	host, port := t.target.address()
	if net.ParseIP(host) != nil || t.Connect != "" {
		return result{}
	}
	found, err := resolver.LookupHost(ctx, host)
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
	if t.Target.SRV && host != t.Host {
		return passed("clients of %s go to %s, port %s: %s", t.Host, host, port,
			strings.Join(text.First(found, 4), ", "))
	}
	return passed("%s is %s", host, strings.Join(text.First(found, 4), ", "))
}

// served is where the DNS sends the clients of a host, or the host itself.
func served(ctx context.Context, r *net.Resolver, c2s string) string {
	host, _, _ := net.SplitHostPort(c2s)
	_, found, err := r.LookupSRV(ctx, "xmpp-client", "tcp", host)
	if err != nil || len(found) == 0 || found[0].Target == "." {
		return c2s
	}
	return net.JoinHostPort(strings.TrimSuffix(found[0].Target, "."), strconv.Itoa(int(found[0].Port)))
}

// connect opens the connection.
func (t *link) connect(ctx context.Context) result {
	host, port := t.target.address()
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
	if t.Target.URL != nil && t.Target.URL.Scheme == "ws" && !t.isHere() {
		return failed("take wss://", "%s is another machine, and the token would go there in plain text",
			conn.RemoteAddr())
	}
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

// isHere tells whether the connection stays on this machine.
func (t *link) isHere() bool {
	a, ok := t.conn.RemoteAddr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
