package config

import (
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

const (
	minIdle = time.Minute
	maxIdle = 366 * 24 * time.Hour
)

// A hostReader collects what one host has, in any order.
type hostReader struct {
	auth   auth.HostConfig
	rooms  moderation.HostPolicy
	muc    value // where muc is named
	badMUC bool  // what is named there cannot be read, and its absence is no problem besides
	lobby  lobbyReader

	issuers value // where they are named
	subject value // where tokens.subject is named, or nowhere
}

// domains reads names of Prosody's components or hosts, in the one spelling
// that they are looked up by.
func (v value) domains() []string {
	var list []string
	for _, it := range v.list() {
		switch lower := strings.ToLower(it.text); {
		case !jid.IsHost(lower):
			it.problem("write it as Prosody's Component or VirtualHost line has it, such as conference.meet.example.com", "%s: %q is no domain name", v.name, text.Clip(it.text))
		case lower != it.text:
			it.problem("write "+text.Clip(lower), "%s: %q is not in lower case", v.name, text.Clip(it.text))
		default:
			list = append(list, it.text)
		}
	}
	return list
}

func (h *hostReader) moderation(v value) {
	v.object(
		field{"moderators", func(v value) { h.auth.Moderators = v.claimTests() }},
		field{"others", func(v value) {
			if s, ok := v.oneOf(string(moderation.Member), string(moderation.None)); ok {
				h.rooms.Others = moderation.Affiliation(s)
			}
		}},
		field{"on_expiry", func(v value) {
			if s, ok := v.oneOf(string(moderation.ExpiryKeep), string(moderation.ExpiryDemote), string(moderation.ExpiryRemove)); ok {
				h.rooms.OnExpiry = moderation.Expiry(s)
			}
		}},
		field{"strict", func(v value) { v.boolean(&h.rooms.Strict) }},
		field{"idle", func(v value) {
			v.duration(&h.rooms.Idle, maxIdle)
			if h.rooms.Idle < minIdle {
				v.problem("write at least 1m", "idle is %s: sessions would end at once", text.Clip(v.node.Value))
			}
		}},
	)
}

// claimTests reads where a token may say that its user is a moderator. An
// empty list is good: nobody is.
func (v value) claimTests() []auth.ClaimTest {
	tests := []auth.ClaimTest{}
	for _, it := range v.list() {
		test, err := auth.ParseClaimTest(it.text)
		if err != nil {
			it.problem("write names with dots between, those with dots in quotes, and after = the value if it is not true: realm_access.roles=moderator", "moderators: %q is no claim: %v", text.Clip(it.text), err)
			continue
		}
		tests = append(tests, test)
	}
	return tests
}

// A roomsReader judges what only all hosts together tell.
type roomsReader struct {
	policies []moderation.HostPolicy
	lobbies  []lobbyReader // of the policies, in the same order
	muc      value         // where the first muc is named
	named    bool
	owners   map[string]string // component → host
}

func (r *roomsReader) add(h *hostReader, key item, complete bool) {
	h.rooms.Host, h.rooms.ServiceAccounts = key.text, h.auth.ServiceAccounts
	h.rooms.Tenants = h.auth.Subject == auth.SubjectTenant
	h.rooms.Leeway, h.rooms.MaxLifetime, h.rooms.Prefixes = h.auth.Leeway, h.auth.MaxLifetime, map[string]string{}
	for id, issuer := range h.auth.Issuers {
		h.rooms.Prefixes[id] = issuer.AccountPrefix
	}
	if len(h.rooms.MUC) > 0 && !r.named {
		r.muc, r.named = h.muc, true
	}
	for _, domain := range slices.Concat(h.rooms.MUC, h.rooms.Breakout) {
		if other, taken := r.owners[domain]; taken {
			key.problem("name each component under one host", "the component %q is under host %q and under %q", domain, other, key.text)
			continue
		}
		r.owners[domain] = key.text
	}
	if complete && !h.badMUC && len(h.rooms.MUC) == 0 && (len(h.rooms.Breakout) > 0 || len(h.rooms.Guests) > 0) {
		key.problem("name the MUC components under muc", "the host %q has breakout or guests, and no muc", text.Clip(key.text))
	}
	for _, guest := range h.rooms.Guests {
		if guest == key.text {
			key.problem("name the anonymous hosts only", "the host %q is among its own guests", text.Clip(key.text))
		}
	}
	r.policies, r.lobbies = append(r.policies, h.rooms), append(r.lobbies, h.lobby)
}

// finish hands over the policies and the whitelist.
func (r *roomsReader) finish(hasComponent bool) (policies []moderation.HostPolicy, whitelist []lobby.Entry) {
	for i := range r.policies {
		l := &r.lobbies[i]
		before := len(whitelist)
		whitelist = append(whitelist, l.finish(&r.policies[i], hasComponent)...)
		if before <= lobby.MaxEntries && len(whitelist) > lobby.MaxEntries {
			l.at.problem("remove some, or name a whole host", "whitelist: with the entries of this host, for each MUC component, there are %d, and %d are the most",
				len(whitelist), lobby.MaxEntries)
		}
	}
	return r.policies, whitelist
}

// check wants what rooms need elsewhere in the file.
func (r *roomsReader) check(listensHTTP, hasComponent bool) {
	if !r.named {
		return
	}
	if !listensHTTP {
		r.muc.warn("set listen.http and http_secret_file, and see usher prosody", "muc: without listen.http Prosody cannot ask who may join a room")
	}
	if !hasComponent {
		r.muc.warn("add component, and see usher prosody", "muc: without a component moderators are set only in rooms that begin after their login, and nothing is taken back")
	}
}
