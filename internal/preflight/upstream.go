package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"time"

	"usher/auth/gateway"
	"usher/internal/config"
)

// askWithin bounds one question to a Prosody.
const askWithin = 5 * time.Second

// ways are what browsers ask for, with the module of Prosody that answers.
func ways() [][2]string {
	return [][2]string{{"/xmpp-websocket", "websocket"}, {"/http-bind", "bosh"}}
}

// Ask asks Prosody whether it is there, for components and for browsers.
func Ask(ctx context.Context, c *config.Config, path string) config.Problems {
	l := &look{config: c, path: path}
	l.components(ctx)
	if c.Listen.Gateway.Name == "" {
		return l.problems
	}
	client := &http.Client{Timeout: askWithin, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, host := range slices.Sorted(maps.Keys(c.Gateway.Hosts)) {
		h := c.Gateway.Hosts[host]
		if h.Kind != gateway.Tickets && h.Kind != gateway.Relayed {
			continue
		}
		key := []string{"gateway", "upstream"}
		if h.Upstream != nil {
			key = []string{"hosts", host, "relay", "upstream"}
		}
		l.upstream(ctx, client, key, host, cmp.Or(h.Upstream, c.Gateway.Upstream))
	}
	return l.problems
}

// components wants that Prosody takes components. Who listens is not told who asks: a second connection would end the
// first.
func (l *look) components(ctx context.Context) {
	c := &l.config.Component
	if c.JID == "" {
		return
	}
	dialer := net.Dialer{Timeout: askWithin}
	conn, err := dialer.DialContext(ctx, "tcp", c.Address)
	if err == nil {
		_ = conn.Close()
		return
	}
	key := []string{"component", "address"}
	if errors.Is(err, syscall.ECONNREFUSED) {
		mend := fmt.Sprintf("add Component %q to Prosody's configuration, and restart Prosody: usher prosody prints "+
			"the lines", c.JID)
		l.report(key, false, mend, "component: nobody listens on %s: Prosody is not there, or has no component", c.Address)
		return
	}
	l.report(key, false, "correct the address: Prosody's component_interfaces and component_ports", "component: %v",
		err)
}

func (l *look) upstream(ctx context.Context, client *http.Client, key []string, host string, server *url.URL) {
	for _, way := range ways() {
		status, err := get(ctx, client, server.JoinPath(way[0]).String(), host)
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			l.report(key, false, "start Prosody, with http_ports = { "+server.Port()+" }, or correct the address",
				"upstream: nobody listens on %s", server.Host)
			return
		case err != nil:
			l.report(key, false, "look whether Prosody is well, or correct the address: its http_ports",
				"upstream: %s does not answer: %v", server.Host, err)
			return
		case status == http.StatusNotFound:
			l.report(key, true, fmt.Sprintf("add %q to modules_enabled, and restart Prosody", way[1]),
				"upstream: Prosody has no %s for %s", way[0], host)
		case status >= http.StatusInternalServerError:
			l.report(key, false, "look at the log of the server there", "upstream: %s answers %d to %s", server.Host,
				status, way[0])
		}
	}
}

// get asks for a page of a virtual host. An error has no address in it: it is told already.
func get(ctx context.Context, client *http.Client, address, host string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	r.Host = host
	answer, err := client.Do(r)
	if err != nil {
		if failed, is := errors.AsType[*url.Error](err); is {
			err = failed.Err
		}
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
