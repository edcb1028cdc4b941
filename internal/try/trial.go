package try

import (
	"context"
	"crypto/x509"
	"net"
	"net/url"

	"usher/auth"
	"usher/internal/config"
	"usher/moderation"
)

// A Trial is one login and one join. Its fields are not changed once it runs.
type Trial struct {
	Config     *config.Config
	ConfigFile string
	Host       string // of the configuration
	Issuer     string // of the host: who signs the token that is made
	Target     Target
	Connect    string         // host:port to connect to instead of what the target's name says; empty: that
	Room       string         // a localpart; empty: one that nobody knows
	Token      string         // empty: one is made
	Roots      *x509.CertPool // who may sign certificates; nil: whom this machine believes
	Folders    Folders        // where other programs' configurations are looked for
	Resolver   *net.Resolver  // nil: the system's
	Show       func(Hop)      // told of each hop at once; nil: nobody is
}

// Run tries all hops.
func (t *Trial) Run(ctx context.Context) Report {
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	return newRun(t).all(ctx)
}

// rules are what the configuration says of the host.
func (t *Trial) rules() auth.HostConfig { return t.Config.Auth.Hosts[t.Host] }

func (t *Trial) relay() bool { return t.rules().Relay != nil }

// policy is what the configuration says of the host's rooms.
func (t *Trial) policy() moderation.HostPolicy {
	for _, h := range t.Config.Rooms {
		if h.Host == t.Host {
			return h
		}
	}
	return moderation.HostPolicy{Host: t.Host}
}

// upstream is where Prosody's web server is, host:port.
func (t *Trial) upstream() string { return t.upstreamURL().Host }

func (t *Trial) upstreamURL() *url.URL {
	if u := t.Config.Gateway.Hosts[t.Host].Upstream; u != nil {
		return u
	}
	if u := t.Config.Gateway.Upstream; u != nil {
		return u
	}
	return &url.URL{Scheme: "http", Host: "127.0.0.1:5280"}
}
