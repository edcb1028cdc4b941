package hostsection

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"usher/auth"
	"usher/auth/claim"
	"usher/internal/config/issuersection"
	"usher/internal/config/section"
	"usher/internal/config/source"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation"
)

const defaultLeeway = 10 * time.Second

// A hostReader collects what one host has, in any order.
type hostReader struct {
	*source.Reader
	Host
	muc    strictyaml.Value // where muc is named
	badMUC bool             // what is named there cannot be read, and its absence is no problem besides
	lobby  lobbyReader
	relay  relayReader

	holders *issuersection.Holders // of all hosts
	issuers strictyaml.Value       // where they are named
	subject strictyaml.Value       // where tokens.subject is named, or nowhere
	naming  []strictyaml.Value     // what says how accounts are named: account_prefix and account_charset
}

// Settings describes the keys of a host.
func Settings() section.Section {
	return section.Section{
		Path: "hosts.HOST",
		Text: "HOST is the name in Prosody's `VirtualHost` line, in lower case and beyond ASCII in " +
			"punycode. Each host has its own issuers and rules.",
		Settings: append([]section.Setting{
			{Key: "issuers", Kind: "a mapping", Unset: "none, where `login` has the host",
				Text: "[hosts.HOST.issuers.ISSUER](#hostshostissuersissuer): who signs the tokens, one " +
					"entry for each `iss`."},
			{Key: "tokens", Kind: "a mapping",
				Text: "[hosts.HOST.tokens](#hostshosttokens): what else a token must say, and which " +
					"account it is for."},
			{Key: "service_accounts", Kind: "a list of bare JIDs", Default: "[]",
				Example: "[focus@auth.meet.example.com, jvb@auth.meet.example.com]",
				Text: "Accounts that need no token: Jitsi's own, and every account of Prosody's " +
					"`admins`, which usher cannot see. They join every room, and what they are there is " +
					"never changed. No token can name one (`account_not_allowed`), in any spelling, at any " +
					"door, by a ticket or behind a prefix; so list an admin before tokens can log in."},
			{Key: "muc", Kind: "a list of domain names", Default: "[]", Example: "[conference.meet.example.com]",
				Text: "Prosody's components with rooms. With `[]` usher has nothing to do with rooms " +
					"on this host. Rooms need `listen.http`, and `component` for all but the first join: " +
					"[rooms.md](rooms.md)."},
			{Key: "breakout", Kind: "a list of domain names", Default: "[]",
				Example: "[breakout.meet.example.com]",
				Text: "Jitsi's components with breakout rooms. Such a room is open to who is in its " +
					"main room, or was just before, if the token opens that."},
			{Key: "guests", Kind: "a list of domain names", Default: "[]", Example: "[guest.meet.example.com]",
				Text: "Anonymous hosts. Their users join rooms that a token holder has started, wait " +
					"where the lobby is on, and never start a room."},
			{Key: "moderation", Kind: "a mapping",
				Text: "[hosts.HOST.moderation](#hostshostmoderation): who is what in a room."},
			{Key: "lobby", Kind: "a mapping", Unset: "no lobby",
				Text: "[hosts.HOST.lobby](#hostshostlobby): who waits, and who passes."},
		}, contextSettings()...),
	}
}

func isEmptyMapping(v strictyaml.Value) bool { return v.Tag() == "!!map" && v.IsEmpty() }

// checkHost wants the one spelling that a host is looked up by.
func checkHost(it strictyaml.Item) {
	ascii, err := idna.Lookup.ToASCII(it.Text)
	switch {
	case err == nil && ascii == it.Text && jid.IsHost(it.Text):
	case err == nil && jid.IsHost(ascii) && strings.ToLower(it.Text) == ascii:
		it.Problem("write "+ascii, "the host %q is not in lower case", text.Clip(it.Text))
	case err == nil && jid.IsHost(ascii):
		it.Problem("write it in punycode: "+ascii, "the host %q is not in ASCII", text.Clip(it.Text))
	default:
		it.Problem("write it as Prosody's VirtualHost line has it, such as meet.example.com",
			"the host %q is no domain name", text.Clip(it.Text))
	}
}

func newHost(r *source.Reader, key strictyaml.Item, holders *issuersection.Holders) *hostReader {
	return &hostReader{Reader: r, holders: holders, relay: newRelay(r), Host: Host{Key: key, Auth: auth.HostConfig{
		Issuers:    map[string]auth.IssuerConfig{},
		Leeway:     defaultLeeway,
		Account:    []claim.Path{{"context", "user", "id"}},
		Types:      []string{"JWT", "at+jwt"},
		Moderators: auth.DefaultModerators(),
	}, Rooms: moderation.HostPolicy{
		Others: moderation.Member, OnExpiry: moderation.ExpiryKeep,
		Idle: moderation.DefaultIdle, Issuers: map[string]moderation.Bounds{},
	}}}
}

func (h *hostReader) read(v strictyaml.Value, rooms *roomsReader) {
	none := true
	complete := v.Object(Settings().Fields(section.Readers{
		"issuers": func(v strictyaml.Value) {
			none = isEmptyMapping(v)
			h.readIssuers(v)
		},
		"tokens":           h.readTokens,
		"service_accounts": func(v strictyaml.Value) { h.Auth.ServiceAccounts = bareJIDs(v) },
		"muc":              h.readMUC,
		"breakout":         func(v strictyaml.Value) { h.Rooms.Breakout = domains(v) },
		"guests":           func(v strictyaml.Value) { h.Rooms.Guests = domains(v) },
		"moderation":       h.moderation,
		"lobby":            h.lobby.read,
		"guests_start":     func(v strictyaml.Value) { v.Bool(&h.Rooms.GuestsStart) },
		"lobby_domain":     h.readLobbyDomain,
		"relay":            h.relay.read,
		"context":          h.readContext,
		"features":         h.readFeatures,
	})...)
	if h.Auth.Subject == "" {
		h.Auth.Subject = defaultSubject(len(h.Rooms.MUC) > 0)
	}
	h.checkRelay()
	h.checkBounds()
	h.holders.Check(h.Key.Text, h.Auth.Subject)
	rooms.add(h, complete)
	h.NoIssuers = complete && none
}

func (h *hostReader) readMUC(v strictyaml.Value) {
	before := h.Report.Errors()
	h.Rooms.MUC, h.muc = domains(v), v
	h.badMUC = h.Report.Errors() > before
	h.lobby.badMUC = h.badMUC
}

func (h *hostReader) readIssuers(v strictyaml.Value) {
	h.issuers = v
	for _, e := range v.Entries() {
		issuersection.CheckName(e.Key)
		named := e.Value.Named(fmt.Sprintf("issuer %q", text.Clip(e.Key.Text)))
		i := issuersection.Read(h.Reader, named, h.Key.Text, e.Key, h.holders)
		issuersection.CheckPrefix(e.Key, i.Config.AccountPrefix, h.Auth.Issuers)
		h.Auth.Issuers[e.Key.Text] = i.Config
		if i.Config.AccountPrefix != "" {
			h.naming = append(h.naming, i.Prefix)
		}
		if i.Bounds.Bounded() {
			h.Rooms.Issuers[e.Key.Text] = i.Bounds
		}
	}
}

// domains reads names of Prosody's components or hosts, in the one spelling
// that they are looked up by.
func domains(v strictyaml.Value) []string {
	var list []string
	for _, it := range v.List() {
		switch lower := strings.ToLower(it.Text); {
		case !jid.IsHost(lower):
			it.Problem(
				"write it as Prosody's Component or VirtualHost line has it, such as conference.meet.example.com",
				"%s: %q is no domain name", v.Name(), text.Clip(it.Text))
		case lower != it.Text:
			it.Problem("write "+text.Clip(lower), "%s: %q is not in lower case", v.Name(), text.Clip(it.Text))
		default:
			list = append(list, it.Text)
		}
	}
	return list
}

// bareJIDs reads accounts in the one spelling that Prosody keeps.
func bareJIDs(v strictyaml.Value) []string {
	var jids []string
	for _, it := range v.List() {
		local, domain, found := strings.Cut(it.Text, "@")
		prepared, err := jid.Nodeprep(local)
		switch {
		case !found || err != nil || !jid.IsHost(strings.ToLower(domain)):
			it.Problem("write user@host, such as focus@auth.meet.example.com",
				"%s: %q is no bare JID", v.Name(), text.Clip(it.Text))
		case prepared != local || strings.ToLower(domain) != domain:
			it.Problem("write "+text.Clip(prepared+"@"+strings.ToLower(domain)),
				"%s: %q is not as Prosody spells it", v.Name(), text.Clip(it.Text))
		default:
			jids = append(jids, it.Text)
		}
	}
	return jids
}
