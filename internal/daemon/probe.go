package daemon

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"time"

	"usher/auth/gateway"
	"usher/auth/relayauth"
	"usher/internal/config"
	"usher/internal/probe"
	"usher/metrics"
)

// probeWithin bounds how long usher status waits for Prosody.
const probeWithin = 2 * time.Second

// probing makes what tries the hosts with a relay: at the start, and with each configuration
// and each Prosody that comes.
func (r *reloader) probing(log *slog.Logger, m *metrics.Metrics, relays *relayauth.Logins) *probe.Prober {
	r.prober = probe.New(log, m, func() []probe.Target { return probeTargets(r.current.Load(), relays) })
	if r.rooms.component != nil {
		r.rooms.component.TellConnected(r.prober.Wake)
	}
	return r.prober
}

// probeTargets are the hosts with a relay, in order.
func probeTargets(c *config.Config, relays *relayauth.Logins) []probe.Target {
	var list []probe.Target
	for _, name := range slices.Sorted(maps.Keys(c.Gateway.Hosts)) {
		h := c.Gateway.Hosts[name]
		if h.Kind == gateway.Relayed {
			rules := c.Auth.Hosts[name].Relay
			list = append(list, probe.Target{
				Host: name, Guests: guestsOf(c, name), Upstream: cmp.Or(h.Upstream, c.Gateway.Upstream),
				GuestsStart: rules.GuestsStart, Empty: rules.GuestsStart && rules.AllowEmptyToken,
				Token: func() (string, error) { return relays.ProbeToken(name) },
			})
		}
	}
	return list
}

// guestsOf are the hosts of a host's guests, in order.
func guestsOf(c *config.Config, host string) (list []string) {
	for _, name := range slices.Sorted(maps.Keys(c.Gateway.Hosts)) {
		if h := c.Gateway.Hosts[name]; h.Kind == gateway.Guests && h.Main == host {
			list = append(list, name)
		}
	}
	return list
}
