package hostsection

import (
	"net/url"
	"slices"
	"strings"

	"usher/auth/gateway"
	"usher/internal/config/issuersection"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

// A wayReader judges by which way each host's people log in, and keeps what the gateway
// has to know of it.
type wayReader struct {
	hosts []wayOfHost
}

// A wayOfHost is what was read of one host.
type wayOfHost struct {
	key   strictyaml.Item
	rooms moderation.HostPolicy
	relay relayReader
}

func (w *wayReader) add(h *hostReader) {
	w.hosts = append(w.hosts, wayOfHost{h.Key, h.Rooms, h.relay})
}

// check judges the relays of all hosts.
func (w *wayReader) check(holders issuersection.Holders, hasGateway bool) {
	for i, h := range w.hosts {
		if !h.relay.named {
			continue
		}
		h.relay.checkKey(holders, w.hosts[:i])
		if !hasGateway {
			h.relay.at.Warn("name listen.gateway, such as 127.0.0.1:8281",
				"relay: nobody can log in, as there is no listen.gateway")
		}
	}
	w.checkGuests()
}

// checkKey keeps tokens apart: an inner token is for one Prosody, and no issuer can make
// one, or be taken for the relay.
func (r *relayReader) checkKey(holders issuersection.Holders, before []wayOfHost) {
	if r.config.Key.IsZero() {
		return
	}
	it, own := r.keyItem(), r.config.Key.Twin()
	if issuer, host, found := holders.Of(own); found {
		it.Problem("make a new one for the relay, and put what is Prosody's half of it there",
			"the key of %q is also that of issuer %q of the host %q: its application could make inner tokens",
			text.Clip(it.Text), text.Clip(issuer), text.Clip(host))
		return
	}
	for _, other := range before {
		if !other.relay.config.Key.IsZero() && other.relay.config.Key.Twin().SameMaterial(own) {
			it.Problem("make one for each host",
				"the key of %q is also that of the relay of the host %q: an inner token of one would be good at the other",
				text.Clip(it.Text), text.Clip(other.key.Text))
			return
		}
	}
}

// allRelayed reports whether there are hosts, and each has a relay.
func (w *wayReader) allRelayed() bool {
	return len(w.hosts) > 0 && !slices.ContainsFunc(w.hosts, func(h wayOfHost) bool { return !h.relay.named })
}

// checkGuests wants to know whose guests they are: by whose issuers their tokens are
// verified, and by which rules their requests are answered.
func (w *wayReader) checkGuests() {
	owners := map[string]*wayOfHost{}
	hosts := map[string]bool{}
	for _, h := range w.hosts {
		hosts[h.key.Text] = true
	}
	for i := range w.hosts {
		h := &w.hosts[i]
		for _, guest := range h.rooms.Guests {
			other := owners[guest]
			switch {
			case h.relay.named && hosts[guest] && guest != h.key.Text:
				h.key.Problem("name the anonymous hosts only, and take them out of hosts",
					"the host %q is a guest host of %q, and has rules of its own", guest, text.Clip(h.key.Text))
			case other == nil:
				owners[guest] = h
			case other != h && (h.relay.named || other.relay.named):
				h.key.Problem("give each host with a relay guest hosts of its own",
					"the guest host %q is under host %q and under %q", guest, text.Clip(other.key.Text),
					text.Clip(h.key.Text))
			}
		}
	}
}

// settings is [Hosts.Gateway].
func (w *wayReader) settings(whitelist []lobby.Entry) map[string]gateway.HostSettings {
	all := map[string]gateway.HostSettings{}
	for _, h := range w.hosts {
		all[h.key.Text] = h.settings()
	}
	for _, h := range w.hosts {
		for _, guest := range h.rooms.Guests {
			if _, taken := all[guest]; !taken {
				s := h.settings()
				s.Kind, s.Main = gateway.Guests, h.key.Text
				all[guest] = s
			}
		}
	}
	passwords := func(jid string, upstream *url.URL) {
		_, domain, found := strings.Cut(jid, "@")
		if !found {
			domain = jid
		}
		if _, taken := all[domain]; !taken && domain != "" {
			all[domain] = gateway.HostSettings{Kind: gateway.Passwords, Upstream: upstream}
		}
	}
	for _, h := range w.hosts {
		for _, account := range h.rooms.ServiceAccounts {
			passwords(account, h.relay.upstream)
		}
	}
	for _, e := range whitelist {
		passwords(e.JID, w.upstreamOf(e.Room))
	}
	return all
}

func (h *wayOfHost) settings() gateway.HostSettings {
	if !h.relay.named {
		return gateway.HostSettings{Kind: gateway.Tickets}
	}
	return gateway.HostSettings{Kind: gateway.Relayed, Upstream: h.relay.upstream, EarlyGuests: h.relay.waits,
		Jicofo: h.relay.jicofo}
}

// upstreamOf is the Prosody that has a room's component, if it is not gateway.upstream.
func (w *wayReader) upstreamOf(room string) *url.URL {
	_, domain, _ := strings.Cut(room, "@")
	for _, h := range w.hosts {
		if slices.Contains(h.rooms.MUC, domain) {
			return h.relay.upstream
		}
	}
	return nil
}
