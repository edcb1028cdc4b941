package try

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"usher/auth/gateway"
	"usher/internal/config"
)

// A Target is where a trial begins: at a page's address, or at Prosody's port for clients.
type Target struct {
	URL *url.URL // ws or wss, without a query; nil: C2S
	C2S string   // host:port
	SRV bool     // the DNS may say where the host's clients are to go instead (RFC 6120 section 3.2.1)
}

const clientPort = "5222"

// String is the address for people.
func (t Target) String() string {
	if t.URL != nil {
		return t.URL.String()
	}
	return t.C2S
}

// TargetOf is where a configuration's people begin: at the page where there is a gateway, or else at Prosody's port.
func TargetOf(c *config.Config, host string) Target {
	if c.Listen.Gateway.Name == "" {
		return Target{C2S: net.JoinHostPort(host, clientPort), SRV: true}
	}
	page := host
	for _, origin := range c.Gateway.Origins {
		if u, err := url.Parse(origin); err == nil && u.Host != "" && u.Scheme == "https" {
			page = u.Host
			break
		}
	}
	return Target{URL: &url.URL{Scheme: "wss", Host: page, Path: gateway.WebSocketPath}}
}

// ParseURL reads the address of a page's WebSocket, or of the page.
func ParseURL(s string) (Target, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Hostname() == "" {
		return Target{}, errors.New("write it like wss://meet.example.com/xmpp-websocket")
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return Target{}, errors.New("leave out what follows ? or #: the token goes into --token, the room into --room")
	case u.User != nil:
		return Target{}, errors.New("leave out the user's name and password")
	}
	switch u.Scheme {
	case "https", "wss":
		u.Scheme = "wss"
	case "http", "ws":
		if u.Scheme = "ws"; !local(u.Hostname()) {
			return Target{}, errors.New("the token would cross the network in plain text: write wss://, or an " +
				"address of this machine")
		}
	default:
		return Target{}, fmt.Errorf("%.20q is no scheme of a WebSocket: write wss://", u.Scheme)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = gateway.WebSocketPath
	}
	return Target{URL: u}, nil
}

// ParseC2S reads the address of Prosody's port for clients.
func ParseC2S(s string) (Target, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), clientPort
	}
	if host == "" || strings.ContainsAny(host, "/?# ") || port == "" {
		return Target{}, errors.New("write it like meet.example.com:5222")
	}
	return Target{C2S: net.JoinHostPort(host, port)}, nil
}

// address is host:port to connect to.
func (t Target) address() (host, port string) {
	if t.URL == nil {
		host, port, _ = net.SplitHostPort(t.C2S)
		return host, port
	}
	if port = t.URL.Port(); port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[t.URL.Scheme]
	}
	return t.URL.Hostname(), port
}

// local tells whether a name is this machine's own.
func local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
