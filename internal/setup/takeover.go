package setup

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/setup/luaread"
	"usher/internal/text"
)

const defaultAppID = "my-app"

// facts are what a Jitsi's Prosody says of one host, in usher's terms.
type facts struct {
	host         string
	tokens       bool // the host has tokens already
	appID        string
	issuers      []string
	audience     []string
	secret       string // the tokens' shared secret; empty: usher makes one, or there are key servers
	publicKey    string // PEM that stands in the secret's place
	algorithm    string
	asapURL      string
	jwksURL      string
	requireRoom  bool
	verifyDomain bool
	allowEmpty   bool
	muc          string
	breakout     string
	lobby        string
	guests       []string
	recorders    []string // hosts that recorders log in to
	services     []string
	whitelist    []string
	affiliation  bool // token_affiliation is shipped
}

// takeOver reads what the host says today.
func (m *maker) takeOver(host string) error {
	p := m.prosody
	f := &facts{host: host}
	m.facts = f
	way := p.text(host, "authentication")
	if !slices.Contains(tokenWays, way) {
		return fmt.Errorf("VirtualHost %q has authentication = %q: setup stands in front of \"token\", or makes it "+
			"\"token\" where it is \"jitsi-anonymous\"; people who log in with passwords there need another host", host,
			text.Clip(way))
	}
	f.tokens = way == "token"
	m.takeOverIssuers()
	for _, s := range slices.Concat(f.issuers, f.audience, []string{f.appID, f.asapURL, f.jwksURL, f.algorithm}) {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q in Prosody's configuration is no UTF-8, and so stands in no token", text.Clip(s))
		}
	}
	f.requireRoom = p.on(host, "asap_require_room_claim", true)
	f.verifyDomain = p.on(host, "enable_domain_verification", true)
	f.allowEmpty = f.tokens && p.on(host, "allow_empty_token", false)
	f.affiliation = m.shipped("mod_token_affiliation.lua")
	return m.takeOverRooms()
}

// takeOverIssuers reads who signs the tokens, and with what.
func (m *maker) takeOverIssuers() {
	p, f := m.prosody, m.facts
	f.appID = m.readable("app_id")
	if f.appID == "" {
		f.appID = defaultAppID
		if m.options.AppID != "" {
			f.appID = m.options.AppID
		}
	} else if m.options.AppID != "" && m.options.AppID != f.appID {
		m.plan.note("--app-id is left out: Prosody says app_id = %q.", text.Clip(f.appID))
	}
	f.issuers = p.texts(f.host, "asap_accepted_issuers")
	if len(f.issuers) == 0 {
		f.issuers = []string{f.appID}
	}
	if slices.Contains(f.issuers, "*") {
		f.issuers = []string{f.appID}
		m.plan.note("Prosody takes tokens of any issuer (asap_accepted_issuers has \"*\"), usher those of %q: name "+
			"the others in %s.", text.Clip(f.appID), ConfigFile)
	}
	f.audience = p.texts(f.host, "asap_accepted_audiences")
	if len(f.audience) == 0 {
		f.audience = []string{"*"}
	}
	f.algorithm = m.readable("signature_algorithm")
	f.asapURL, f.jwksURL = m.readable("asap_key_server"), m.readable("cache_keys_url")
	if f.asapURL == "" && f.jwksURL == "" {
		m.takeOverSecret(m.readable("app_secret"))
	}
}

// takeOverSecret reads what Prosody verifies tokens with.
func (m *maker) takeOverSecret(secret string) {
	f := m.facts
	if strings.HasPrefix(secret, "-----BEGIN") {
		f.publicKey = secret
		return
	}
	f.secret = secret
	m.plan.hide(secret)
}

// readable returns a text that the host sets. Where it comes from a file or the environment it cannot be read.
func (m *maker) readable(name string) string {
	o, found := m.prosody.get(m.facts.host, name)
	if !found || o.Value.Text == nil && !o.Value.Unknown {
		return ""
	}
	if o.Value.Unknown {
		m.plan.ByHand = append(m.plan.ByHand, ByHand{Of: Prosody, Where: place(o), Why: name + " comes from a file " +
			"or the environment and cannot be read: write it out there for this run"})
		return ""
	}
	return *o.Value.Text
}

func place(o option) string { return fmt.Sprintf("%s, line %d", o.file.Path, o.Line) }

// takeOverRooms reads where the rooms are, and who is in them without a token.
func (m *maker) takeOverRooms() error {
	p, f := m.prosody, m.facts
	prefix := p.text(f.host, "muc_mapper_domain_prefix")
	if prefix == "" {
		prefix = "conference"
	}
	f.muc = p.text(f.host, "main_muc")
	if f.muc == "" {
		f.muc = prefix + "." + f.host
	}
	if p.module(f.muc) != "muc" {
		return fmt.Errorf("there is no Component %q \"muc\" in Prosody's configuration: where are the rooms of %s?",
			text.Clip(f.muc), f.host)
	}
	f.breakout, f.lobby = m.component("breakout_rooms_muc"), m.component("lobby_muc")
	for _, host := range p.sections(luaread.KindHost) {
		way := p.text(host, "authentication")
		switch _, good := hostName(host); {
		case !good || !strings.HasSuffix(host, "."+f.host):
		case host == "guest."+f.host || way == "anonymous" || way == "jitsi-anonymous":
			f.guests = append(f.guests, host)
		case strings.HasPrefix(host, "recorder."):
			f.recorders = append(f.recorders, host)
		}
	}
	m.takeOverServices()
	f.whitelist = addresses(p.texts(f.host, "muc_lobby_whitelist"))
	return nil
}

// component returns what an option names, if there is such a component.
func (m *maker) component(name string) string {
	c := m.prosody.text(m.facts.host, name)
	if m.prosody.module(c) == "muc" {
		return c
	}
	return ""
}

// takeOverServices finds Jitsi's own accounts: the admins of the rooms, and those without limits.
func (m *maker) takeOverServices() {
	f := m.facts
	for _, list := range [][]string{m.prosody.texts(f.muc, "admins"), m.prosody.texts(f.host, "unlimited_jids"),
		m.prosody.texts("internal.auth."+f.host, "admins")} {
		for _, account := range addresses(list) {
			if strings.Contains(account, "@") && !slices.Contains(f.services, account) {
				f.services = append(f.services, account)
			}
		}
	}
}

// addresses leaves out what is no address.
func addresses(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		local, host, found := strings.Cut(s, "@")
		if !found {
			local, host = "x", s
		}
		_, ok := hostName(host)
		return !ok || local == "" || strings.ContainsAny(local, "\"'\\/@ \t\r\n")
	})
}

// shipped reports whether one of Prosody's folders of plugins has a file.
func (m *maker) shipped(name string) bool {
	folders := append(m.prosody.texts(luaread.Global, "plugin_paths"), "/usr/share/jitsi-meet/prosody-plugins")
	return slices.ContainsFunc(folders, func(folder string) bool {
		return slices.Contains(m.files.List(folder), name)
	})
}
