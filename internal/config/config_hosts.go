package config

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/text"
	"usher/moderation"
)

const (
	defaultLeeway = 10 * time.Second
	maxLeeway     = auth.MaxLeeway
)

func readHosts(v value, hosts map[string]auth.HostConfig, rooms *roomsReader) {
	for _, e := range v.entries() {
		e.key.checkHost()
		e.value.name = fmt.Sprintf("host %q", text.Clip(e.key.text))
		hosts[e.key.text] = e.value.host(e.key, rooms)
	}
	if v.node.ShortTag() == "!!map" && len(v.node.Content) == 0 {
		v.problem(mendNoHosts, "there are no hosts")
	}
}

// checkHost wants the one spelling that a host is looked up by.
func (it item) checkHost() {
	ascii, err := idna.Lookup.ToASCII(it.text)
	switch {
	case err == nil && ascii == it.text && jid.IsHost(it.text):
	case err == nil && jid.IsHost(ascii) && strings.ToLower(it.text) == ascii:
		it.problem("write "+ascii, "the host %q is not in lower case", text.Clip(it.text))
	case err == nil && jid.IsHost(ascii):
		it.problem("write it in punycode: "+ascii, "the host %q is not in ASCII", text.Clip(it.text))
	default:
		it.problem("write it as Prosody's VirtualHost line has it, such as meet.example.com", "the host %q is no domain name", text.Clip(it.text))
	}
}

func (v value) host(key item, rooms *roomsReader) auth.HostConfig {
	r := &hostReader{auth: auth.HostConfig{
		Issuers:    map[string]auth.IssuerConfig{},
		Leeway:     defaultLeeway,
		Account:    []auth.ClaimPath{{"context", "user", "id"}},
		Types:      []string{"JWT", "at+jwt"},
		Moderators: auth.DefaultModerators(),
	}, rooms: moderation.HostPolicy{Others: moderation.Member, OnExpiry: moderation.ExpiryKeep, Idle: moderation.DefaultIdle, Issuers: map[string]moderation.Bounds{}}}
	none := true
	complete := v.object(
		field{"issuers", func(v value) {
			none = v.node.ShortTag() == "!!map" && len(v.node.Content) == 0
			v.issuers(key.text, r)
		}},
		field{"tokens", func(v value) { v.tokens(&r.auth, &r.subject) }},
		field{"service_accounts", func(v value) { r.auth.ServiceAccounts = v.bareJIDs() }},
		field{"muc", func(v value) {
			before := v.r.problems.Errors()
			r.rooms.MUC, r.muc = v.domains(), v
			r.badMUC = v.r.problems.Errors() > before
			r.lobby.badMUC = r.badMUC
		}},
		field{"breakout", func(v value) { r.rooms.Breakout = v.domains() }},
		field{"guests", func(v value) { r.rooms.Guests = v.domains() }},
		field{"moderation", r.moderation},
		field{"lobby", r.lobby.read},
	)
	if r.auth.Subject == "" {
		r.auth.Subject = defaultSubject(len(r.rooms.MUC) > 0)
	}
	r.checkBounds(key)
	v.r.checkShared(key.text, r.auth.Subject)
	rooms.add(r, key, complete)
	if complete && none {
		key.problem("name who issues its tokens (their iss) under issuers", "the host %q has no issuers", text.Clip(key.text))
	}
	return r.auth
}

// defaultSubject is Jitsi's own rule, which is for joins. Where nobody joins
// anything a token of another host would get in by it.
func defaultSubject(hasRooms bool) auth.SubjectMode {
	if hasRooms {
		return auth.SubjectTenant
	}
	return auth.SubjectDomain
}

func (v value) issuers(host string, to *hostReader) {
	to.issuers = v
	for _, e := range v.entries() {
		e.value.name = fmt.Sprintf("issuer %q", text.Clip(e.key.text))
		e.key.checkIssuer()
		config, bounds := e.value.issuer(host, e.key)
		e.key.checkPrefix(config.AccountPrefix, to.auth.Issuers)
		to.auth.Issuers[e.key.text] = config
		if bounds.Bounded() {
			to.rooms.Issuers[e.key.text] = bounds
		}
	}
}

func (v value) tokens(h *auth.HostConfig, subject *value) {
	v.object(
		field{"leeway", func(v value) { v.duration(&h.Leeway, maxLeeway) }},
		field{"max_lifetime", func(v value) { v.duration(&h.MaxLifetime, 0) }},
		field{"subject", func(v value) {
			*subject = v
			if s, ok := v.oneOf(string(auth.SubjectDomain), string(auth.SubjectTenant), string(auth.SubjectAny)); ok {
				h.Subject = auth.SubjectMode(s)
			}
		}},
		field{"account", func(v value) { h.Account = v.claimPaths() }},
		field{"account_charset", func(v value) {
			s, _ := v.oneOf("ascii", "unicode")
			h.UnicodeAccounts = s == "unicode"
		}},
		field{"typ", func(v value) { h.Types = texts(v.someList()) }},
	)
}

// bareJIDs reads accounts in the one spelling that Prosody keeps.
func (v value) bareJIDs() []string {
	var jids []string
	for _, it := range v.list() {
		local, domain, found := strings.Cut(it.text, "@")
		prepared, err := jid.Nodeprep(local)
		switch {
		case !found || err != nil || !jid.IsHost(strings.ToLower(domain)):
			it.problem("write user@host, such as focus@auth.meet.example.com", "%s: %q is no bare JID", v.name, text.Clip(it.text))
		case prepared != local || strings.ToLower(domain) != domain:
			it.problem("write "+text.Clip(prepared+"@"+strings.ToLower(domain)), "%s: %q is not as Prosody spells it", v.name, text.Clip(it.text))
		default:
			jids = append(jids, it.text)
		}
	}
	return jids
}

// claimPaths reads where an account's name may stand. An empty list is good:
// every login gets a random account.
func (v value) claimPaths() []auth.ClaimPath {
	paths := []auth.ClaimPath{}
	for _, it := range v.list() {
		path, err := auth.ParseClaimPath(it.text)
		if err != nil {
			it.problem("write names with dots between, such as context.user.id, and those with dots in quotes", "account: %q is no claim path: %v", text.Clip(it.text), err)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
