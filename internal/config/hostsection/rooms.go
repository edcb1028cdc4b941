package hostsection

import (
	"slices"
	"time"

	"usher/auth"
	"usher/internal/config/issuersection"
	"usher/internal/config/section"
	"usher/internal/config/value"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

// ExampleModerator is a claim that moderators may have.
const ExampleModerator = "realm_access.roles=moderator"

const (
	minIdle = time.Minute
	maxIdle = 366 * 24 * time.Hour
)

// ModerationSettings describes who is what in its rooms.
func ModerationSettings() section.Section {
	return section.Section{
		Path: "hosts.HOST.moderation",
		Text: "Who is what in the rooms of this host. [rooms.md](rooms.md) shows what people see of it.",
		Settings: []section.Setting{
			{Key: "moderators", Kind: "a list of claims, each with `=` and a value or without",
				Default: "[moderator, context.user.moderator, context.user.affiliation=owner, " +
					"context.user.affiliation=moderator, context.user.affiliation=teacher]",
				Example: "[\"realm_access.roles=moderator\"]",
				Text: "What makes a user `owner` of the rooms that the token opens. A claim alone must " +
					"be true, or the text `\"true\"`. With `=`, which has no spaces around it, it must be " +
					"that text, have it in its list or as a key (unless the value there is false), or, " +
					"for `scope` and `scp`, as a word. " +
					"A name with dots is quoted: `'\"https://example.com/roles\"=moderator'`. `[]`: " +
					"nobody. `usher status` names a claim of your own list that no token of the last day " +
					"had."},
			{Key: "others", Kind: "`member` or `none`", Default: "member", Example: "none",
				Text: "What everybody else with a token is."},
			{Key: "on_expiry", Kind: "`keep`, `demote` or `remove`", Default: "keep", Example: "demote",
				Text: "What becomes of an occupant whose token is over: `keep` leaves everything, " +
					"`demote` takes back what usher gave, `remove` takes the occupant out of the room, " +
					"too. Where a room is members-only, Prosody puts out who is demoted."},
			{Key: "strict", Kind: "true or false", Default: "false", Example: "true",
				Text: "`true` takes `owner` also from those whom no token made one, but jicofo, another " +
					"module or another owner by hand. `service_accounts` are left alone, and the log names " +
					"who may have done it."},
			{Key: "idle", Kind: "a duration, 1m to 8784h", Default: "24h", Example: "8h",
				Text: "How long the session of a token without an end lasts unused."},
		},
	}
}

func (h *hostReader) moderation(v strictyaml.Value) {
	v.Object(ModerationSettings().Fields(section.Readers{
		"moderators": func(v strictyaml.Value) { h.Auth.Moderators = value.ClaimTests(v, ExampleModerator) },
		"others": func(v strictyaml.Value) {
			if s, ok := v.OneOf(string(moderation.Member), string(moderation.None)); ok {
				h.Rooms.Others = moderation.Affiliation(s)
			}
		},
		"on_expiry": func(v strictyaml.Value) {
			keep, demote, remove := moderation.ExpiryKeep, moderation.ExpiryDemote, moderation.ExpiryRemove
			if s, ok := v.OneOf(string(keep), string(demote), string(remove)); ok {
				h.Rooms.OnExpiry = moderation.Expiry(s)
			}
		},
		"strict": func(v strictyaml.Value) { v.Bool(&h.Rooms.Strict) },
		"idle":   h.readIdle,
	})...)
}

func (h *hostReader) readIdle(v strictyaml.Value) {
	v.Duration(&h.Rooms.Idle, maxIdle)
	if h.Rooms.Idle < minIdle {
		v.Problem("write at least 1m", "idle is %s: sessions would end at once", text.Clip(v.Raw()))
	}
}

// A roomsReader judges what only all hosts together tell.
type roomsReader struct {
	policies []moderation.HostPolicy
	lobbies  []lobbyReader    // of the policies, in the same order
	muc      strictyaml.Value // where the first muc is named
	named    bool
	asking   strictyaml.Value  // where the first muc is named whose Prosody asks about joins, or nowhere
	owners   map[string]string // component → host
	mucs     []mucsOf
	badMUC   bool                  // one cannot be read
	holders  issuersection.Holders // that were read
}

// A mucsOf is where a host names its MUC components.
type mucsOf struct {
	at   strictyaml.Value
	list []string
}

func (r *roomsReader) add(h *hostReader, complete bool) {
	key := h.Key
	h.Rooms.Host, h.Rooms.ServiceAccounts = key.Text, h.Auth.ServiceAccounts
	h.Rooms.Tenants = h.Auth.Subject == auth.SubjectTenant
	h.Rooms.Leeway, h.Rooms.MaxLifetime, h.Rooms.Prefixes = h.Auth.Leeway, h.Auth.MaxLifetime, map[string]string{}
	for id, issuer := range h.Auth.Issuers {
		h.Rooms.Prefixes[id] = issuer.AccountPrefix
	}
	r.mucs, r.badMUC = append(r.mucs, mucsOf{h.muc, h.Rooms.MUC}), r.badMUC || h.badMUC
	if len(h.Rooms.MUC) > 0 && !r.named {
		r.muc, r.named = h.muc, true
	}
	if len(h.Rooms.MUC) > 0 && !h.relay.named && r.asking.IsZero() {
		r.asking = h.muc
	}
	for _, domain := range h.components() {
		if other, taken := r.owners[domain]; taken {
			key.Problem("name each component under one host",
				"the component %q is under host %q and under %q", domain, other, key.Text)
			continue
		}
		r.owners[domain] = key.Text
	}
	if complete && !h.badMUC && len(h.Rooms.MUC) == 0 && (len(h.Rooms.Breakout) > 0 || len(h.Rooms.Guests) > 0) {
		key.Problem("name the MUC components under muc",
			"the host %q has breakout or guests, and no muc", text.Clip(key.Text))
	}
	for _, guest := range h.Rooms.Guests {
		if guest == key.Text {
			key.Problem("name the anonymous hosts only", "the host %q is among its own guests", text.Clip(key.Text))
		}
	}
	r.policies, r.lobbies = append(r.policies, h.Rooms), append(r.lobbies, h.lobby)
}

// components are those of Prosody's that have rooms of the host.
func (h *hostReader) components() []string {
	list := slices.Concat(h.Rooms.MUC, h.Rooms.Breakout)
	if h.Rooms.LobbyDomain != "" {
		list = append(list, h.Rooms.LobbyDomain)
	}
	return list
}

// finish hands over the policies and the whitelist.
func (r *roomsReader) finish(hasComponent bool) (policies []moderation.HostPolicy, whitelist []lobby.Entry) {
	for i := range r.policies {
		l := &r.lobbies[i]
		before := len(whitelist)
		whitelist = append(whitelist, l.finish(&r.policies[i], hasComponent)...)
		if before <= lobby.MaxEntries && len(whitelist) > lobby.MaxEntries {
			l.at.Problem("remove some, or name a whole host",
				"whitelist: with the entries of this host, for each MUC component, there are %d, and %d are the most",
				len(whitelist), lobby.MaxEntries)
		}
	}
	return r.policies, whitelist
}

// checkNames finds one name for two of Prosody's hosts: it can be a VirtualHost, a component with rooms, or usher's
// own, and Prosody takes the last that stands in its configuration.
func (r *roomsReader) checkNames(component string, at strictyaml.Value) {
	hosts := map[string]bool{}
	for i := range r.policies {
		hosts[r.policies[i].Host] = true
	}
	for _, m := range r.mucs {
		for _, domain := range m.list {
			if hosts[domain] {
				m.at.Problem(
					`name the Component line with "muc" in Prosody's configuration, such as conference.`+domain,
					"muc: %q is the VirtualHost, and no component with rooms", text.Clip(domain))
			}
		}
	}
	if component == "" {
		return
	}
	_, rooms := r.owners[component]
	switch {
	case hosts[component]:
		at.Problem("give it a name of its own, such as usher."+component, "jid: %q is the VirtualHost",
			text.Clip(component))
	case rooms:
		at.Problem("give it a name of its own, such as usher."+r.owners[component],
			"jid: %q is a component with rooms", text.Clip(component))
	case len(hosts) > 0 && !slices.ContainsFunc(r.policies, hasRooms) && !r.badMUC && !r.wantMUC():
		at.Warn("name the components with rooms under muc, such as conference."+r.policies[0].Host,
			"component: no host has muc, so that usher has no rooms in which to set anything")
	}
}

func hasRooms(p moderation.HostPolicy) bool {
	return len(p.MUC) > 0 || len(p.Breakout) > 0 || len(p.Guests) > 0
}

// wantMUC reports whether a host without muc has a lobby, of which more is said elsewhere.
func (r *roomsReader) wantMUC() bool {
	return slices.ContainsFunc(r.lobbies, func(l lobbyReader) bool { return !l.at.IsZero() })
}

// check wants what rooms need elsewhere in the file.
func (r *roomsReader) check(listensHTTP, hasComponent bool) {
	if !r.named {
		return
	}
	if !listensHTTP && !r.asking.IsZero() {
		r.asking.Warn("set listen.http and http_secret_file, and see usher prosody",
			"muc: without listen.http Prosody cannot ask who may join a room")
	}
	if !hasComponent {
		r.muc.Warn("add component, and see usher prosody",
			"muc: without a component moderators are set only in rooms that begin after their login, "+
				"and nothing is taken back")
	}
}
