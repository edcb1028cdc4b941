package hostsection

import (
	"usher/auth/claim"
	"usher/auth/inner"
	"usher/internal/config/section"
	"usher/internal/config/value"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/moderation"
)

// contextSettings describes the keys of a host that make Jitsi's context.
func contextSettings() []section.Setting {
	return []section.Setting{
		{Key: "guests_start", Kind: "true or false", Default: "false", Example: "true",
			Text: "`true` lets who has no token start a room: guests are let into rooms in which no token holder has " +
				"been, and with `relay` logins without a token are let in at this host, too (Jitsi's " +
				"`allow_empty_token`; so see `relay.allow_empty_token`)."},
		{Key: "lobby_domain", Kind: "a domain name", Default: "\"\"", Example: "lobby.meet.example.com",
			Text: "Jitsi's component with lobby rooms (`lobby_muc`). Such a room is open to whom its main room would " +
				"be but for the lobby."},
		{Key: "relay", Kind: "a mapping", Unset: "a plain Prosody's host, whose modules ask usher",
			Text: "[hosts.HOST.relay](#hostshostrelay): Jitsi, whose Prosody verifies tokens itself."},
		{Key: "context", Kind: "a mapping of names to claims", Default: "{}",
			Example: "{id: sub, name: name, email: email, avatar: picture}",
			Text: "With `relay`: what Jitsi's `context.user` is made of. A name is a member of it, or `group` or " +
				"`tenant`, which are of `context`; what it is made of is a claim, written as in `moderators`. With " +
				"`{}` Jitsi gets the token's own `context`."},
		{Key: "features", Kind: "a mapping of names to claims, each with `=` and a value or without", Default: "{}",
			Example: "{recording: \"realm_access.roles=recorder\"}",
			Text: "With `relay`: what Jitsi's `context.features` is made of. A feature is granted if the token says " +
				"so, as in `moderators`, and denied if not; those that are not named are denied. With `{}` Jitsi " +
				"gets the token's own; where a token has none, moderators may do everything."},
	}
}

// readLobbyDomain reads the name of Jitsi's component, or nothing.
func (h *hostReader) readLobbyDomain(v strictyaml.Value) {
	s, ok := v.AnyText()
	switch {
	case !ok || s == "":
	case !jid.IsHost(s):
		v.Problem("write it as Prosody's Component line has it, such as lobby.meet.example.com",
			"%s: %q is no domain name in lower case", v.Name(), text.Clip(s))
	default:
		h.Rooms.LobbyDomain = s
	}
}

func (h *hostReader) readContext(v strictyaml.Value) {
	h.relay.context = v
	for _, e := range v.Entries() {
		path, ok := h.sourceOf(e)
		if !ok {
			continue
		}
		h.relay.config.Context = append(h.relay.config.Context, inner.Source{Name: e.Key.Text, Path: path})
	}
	if n := len(h.relay.config.Context); n > inner.MaxSources {
		v.Problem("leave some out", "context has %d members, and %d are the most", n, inner.MaxSources)
	}
}

func (h *hostReader) sourceOf(e strictyaml.Entry) (claim.Path, bool) {
	if err := inner.CheckSource(e.Key.Text); err != nil {
		value.Refuse(e.Key.Value, "leave it out", err, "context: %q cannot be set: %s", text.Clip(e.Key.Text))
		return nil, false
	}
	s, ok := e.Value.Named("context." + e.Key.Text).Word()
	if !ok {
		return nil, false
	}
	path, err := claim.ParsePath(s)
	if err != nil {
		e.Value.Problem("write names with dots between, such as profile.name, and those with dots in quotes",
			"context.%s: %q is no claim path: %v", e.Key.Text, text.Clip(s), err)
	}
	return path, err == nil
}

func (h *hostReader) readFeatures(v strictyaml.Value) {
	h.relay.features = v
	for _, e := range v.Entries() {
		if err := inner.CheckFeature(e.Key.Text); err != nil {
			value.Refuse(e.Key.Value, "leave it out", err, "features: %q cannot be set: %s", text.Clip(e.Key.Text))
			continue
		}
		s, ok := e.Value.Named("features." + e.Key.Text).Word()
		if !ok {
			continue
		}
		test, err := claim.ParseTest(s)
		if err != nil {
			e.Value.Problem("write a claim, and after = the value if it is not true: realm_access.roles=recorder",
				"features.%s: %q is no claim: %v", e.Key.Text, text.Clip(s), err)
			continue
		}
		value.WarnOfSpaces(e.Value.Named("features."+e.Key.Text), test)
		h.relay.config.Features = append(h.relay.config.Features, inner.Feature{Name: e.Key.Text, Test: test})
	}
	if n := len(h.relay.config.Features); n > inner.MaxFeatures {
		v.Problem("leave some out", "there are %d features, and %d are the most", n, inner.MaxFeatures)
	}
}

// checkRelay judges what all keys of a host together tell of its relay.
func (h *hostReader) checkRelay() {
	r := &h.relay
	if !r.named {
		for name, v := range map[string]strictyaml.Value{"context": r.context, "features": r.features} {
			if !v.IsZero() && !v.IsEmpty() {
				v.Warn("add relay, or remove it", "%s has no effect: the host has no relay", name)
			}
		}
		return
	}
	for _, v := range h.naming {
		v.Warn("remove it; tenants and rooms bind an issuer",
			"%s has no effect: at a host with a relay Prosody names the accounts, at random", v.Name())
	}
	r.config.GuestsStart = h.Rooms.GuestsStart
	if r.config.AllowEmptyToken && !r.config.GuestsStart {
		r.emptyAt.Warn("add guests_start: true to the host, or remove it",
			"allow_empty_token has no effect: without guests_start: true no login without a token is let in")
	}
	r.config.KeepRights = h.Rooms.OnExpiry == moderation.ExpiryKeep
	r.config.ResumeOver = h.Rooms.OnExpiry != moderation.ExpiryRemove
	if r.config.Key.IsZero() { // a problem, which was reported
		return
	}
	relay := r.config
	h.Auth.Relay, h.Rooms.Relay = &relay, true
}
