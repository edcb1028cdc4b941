package proxy

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// The limits that a [Settings] with zeros has.
const (
	DefaultConnections           = 10_000
	DefaultConnectionsPerAddress = 1_000 // a school behind one address
	DefaultMessageBytes          = 2 << 20
)

// Settings are what a reload may change.
type Settings struct {
	Upstream *url.URL       // Prosody's HTTP server, without a path
	Origins  []string       // of web pages, scheme://host[:port]; "*" is any; nil is that of the Host header
	Guests   bool           // logins without a token pass, see package filter
	Proxies  []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count

	// Hosts has the virtual hosts that the gateway serves, by their names in lower
	// case. nil: it serves every host that Prosody has, by tickets.
	Hosts map[string]HostSettings

	Connections           int   // in all; 0 means DefaultConnections
	ConnectionsPerAddress int   // of one client address; 0 means DefaultConnectionsPerAddress
	MessageBytes          int64 // of one message; 0 means DefaultMessageBytes
}

// A HostKind says how clients of a virtual host log in.
type HostKind int

// The kinds of hosts.
const (
	Unlisted  HostKind = iota // it is not served
	Tickets                   // the token becomes a ticket for the Dovecot door
	Relayed                   // Prosody verifies an inner token
	Guests                    // without a token, as guests of another host
	Passwords                 // by a password, which Prosody checks; a token counts for nothing
)

// HostSettings are those of one virtual host.
type HostSettings struct {
	Kind        HostKind
	Main        string   // of Guests: the host whose guests they are
	Upstream    *url.URL // its Prosody; nil: [Settings.Upstream]
	EarlyGuests bool     // a guest's request for a conference that has not started is answered "not yet"
	Jicofo      *url.URL // where requests for conferences by HTTP go; nil: they are refused
}

// Host returns the settings of a virtual host, and its name in lower case.
func (c *Settings) Host(name string) (HostSettings, string) {
	name = strings.ToLower(name)
	if c.Hosts == nil {
		return HostSettings{Kind: Tickets}, name
	}
	return c.Hosts[name], name
}

// A Way is where a stream of a virtual host goes on to.
type Way struct {
	Host, Main  string   // its name in lower case, and that of the host whose guests it has; or the same
	Relayed     bool     // its Prosody verifies inner tokens
	Guest       bool     // it is a host of guests
	EarlyGuests bool     // see [HostSettings]
	Upstream    *url.URL // its Prosody
	Jicofo      *url.URL // see [HostSettings]
}

// Way returns where a stream goes on to that asks for a host; known is false if there is
// no such host. Guests go where those go that they are the guests of.
func (c *Settings) Way(host string) (w Way, known bool) {
	w = Way{Host: strings.ToLower(host), Upstream: c.Upstream}
	w.Main = w.Host
	if c.Hosts == nil {
		return w, true
	}
	h := c.Hosts[w.Host]
	if h.Kind == Guests {
		w.Guest, w.Main = true, h.Main
		guests := h
		if h = c.Hosts[h.Main]; guests.Upstream != nil {
			h.Upstream = guests.Upstream
		}
	}
	w.Relayed, w.EarlyGuests, w.Jicofo = h.Kind == Relayed, h.EarlyGuests, h.Jicofo
	if h.Upstream != nil {
		w.Upstream = h.Upstream
	}
	return w, h.Kind != Unlisted
}

// Relays reports whether there is a host whose Prosody verifies inner tokens.
func (c *Settings) Relays() bool { return len(c.namesOf(Relayed, "")) > 0 }

// OnlyRelay returns the one relay host that there is; empty: there is none, or several.
func (c *Settings) OnlyRelay() string {
	if names := c.namesOf(Relayed, ""); len(names) == 1 {
		return names[0]
	}
	return ""
}

// GuestsOf returns a host for the guests of another, or nothing.
func (c *Settings) GuestsOf(main string) string {
	if names := c.namesOf(Guests, main); len(names) > 0 {
		return names[0]
	}
	return ""
}

// namesOf lists the hosts of a kind, in order.
func (c *Settings) namesOf(kind HostKind, main string) (names []string) {
	for name, h := range c.Hosts {
		if h.Kind == kind && h.Main == main {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// UpstreamFor returns the Prosody of the virtual host that a Host header names, or that of
// all.
func (c *Settings) UpstreamFor(header string) *url.URL {
	name, _, _ := strings.Cut(header, ":")
	h, _ := c.Host(name)
	return cmp.Or(h.Upstream, c.Upstream)
}

// Check refuses settings that no connection could be served with.
func (c Settings) Check() error {
	switch {
	case c.Upstream == nil || c.Upstream.Host == "" || c.Upstream.Scheme != "http" && c.Upstream.Scheme != "https":
		return errors.New("upstream is no address of a web server")
	case c.Connections < 0 || c.ConnectionsPerAddress < 0 || c.MessageBytes < 0:
		return errors.New("a limit is negative")
	}
	return nil
}

// WithDefaults returns a copy in which no limit is zero.
func (c Settings) WithDefaults() *Settings {
	if c.Connections == 0 {
		c.Connections = DefaultConnections
	}
	if c.ConnectionsPerAddress == 0 {
		c.ConnectionsPerAddress = DefaultConnectionsPerAddress
	}
	if c.MessageBytes == 0 {
		c.MessageBytes = DefaultMessageBytes
	}
	return &c
}

func (c *Settings) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}
