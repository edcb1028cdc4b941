package hostsection

import (
	"cmp"
	"strings"

	"usher/internal/config/section"
	"usher/internal/config/value"
	"usher/internal/jid"
	"usher/internal/strictyaml"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

const mendEntry = "correct what follows the JID: " +
	"room=PATTERN, until=2026-12-31T18:00:00Z, and # a note of up to 256 bytes"

// A lobbyReader collects what one host says of its lobby.
type lobbyReader struct {
	at      strictyaml.Value // where lobby is named; zero: nowhere
	named   bool
	mode    lobby.Mode
	rooms   map[string]bool
	entries []placedEntry
	domains []strictyaml.Item // of the whitelist
	badMUC  bool              // the host's muc cannot be read, which is reported there
}

// A placedEntry is an entry of the whitelist and where it stands.
type placedEntry struct {
	lobby.Entry
	at strictyaml.Item
}

// LobbySettings describes its lobby.
func LobbySettings() section.Section {
	return section.Section{
		Path: "hosts.HOST.lobby",
		Text: "Who waits before a room, and who passes. [lobby.md](lobby.md) says how people are let " +
			"in.",
		Settings: []section.Setting{
			{Key: "rooms", Kind: "a mapping from patterns of rooms to `on` or `off`", Default: "{}",
				Example: "{\"*\": off, \"board-*\": on}",
				Text: "In which rooms guests wait: names, in which `*` stands for any text, in every " +
					"tenant; `\"[acme]board-*\"` is for one, `name@component` for one component. Of " +
					"several that fit, the one that gives more of the name decides."},
			{Key: "enforce", Kind: "`members-only` or `gate`", Default: "members-only", Example: "gate",
				Text: "With `members-only` the room itself refuses those who wait, as Jitsi's lobby " +
					"and other clients know it; it needs `component`. With `gate` usher refuses the join, " +
					"which needs nothing and works for whole hosts of the whitelist, too."},
			{Key: "whitelist", Kind: "a list of JIDs", Default: "[]",
				Example: "[recorder@recorder.meet.example.com, \"jigasi@auth.meet.example.com room=board-*\"]",
				Text: "Who passes: accounts, or hosts for everybody there; they join also where they would " +
					"otherwise be strangers. After a JID may stand " +
					"`room=PATTERN`, `until=2026-12-31T18:00:00Z`, and a note after `#`. `usher lobby " +
					"allow` adds more without the file. With all hosts and their components together there " +
					"are at most 10,000."},
		},
	}
}

func (l *lobbyReader) read(v strictyaml.Value) {
	l.at, l.named, l.mode, l.rooms = v, true, lobby.MembersOnly, map[string]bool{}
	v.Object(LobbySettings().Fields(section.Readers{
		"rooms": l.readRooms,
		"enforce": func(v strictyaml.Value) {
			if s, ok := v.OneOf(string(lobby.MembersOnly), string(lobby.Gate)); ok {
				l.mode = lobby.Mode(s)
			}
		},
		"whitelist": l.readWhitelist,
	})...)
}

func (l *lobbyReader) readRooms(v strictyaml.Value) {
	for _, e := range v.Entries() {
		if _, err := lobby.ParsePattern(e.Key.Text); err != nil {
			e.Key.Problem(value.MendPattern, "lobby: %q is no pattern of rooms: %v", text.Clip(e.Key.Text), err)
			continue
		}
		if on, ok := onOff(e.Value.Named("lobby of " + text.Clip(e.Key.Text))); ok {
			l.rooms[e.Key.Text] = on
		}
	}
}

// onOff reads a switch. true and false are understood, too.
func onOff(v strictyaml.Value) (on, ok bool) {
	if v.Tag() == "!!bool" {
		v.Bool(&on)
		return on, true
	}
	s, ok := v.OneOf("on", "off")
	return s == "on", ok
}

func (l *lobbyReader) readWhitelist(v strictyaml.Value) {
	for _, it := range v.List() {
		e, err := lobby.ParseEntry(it.Text)
		if err == nil {
			e.JID, err = jid.Prepare(e.JID)
		}
		if err != nil {
			it.Problem("write user@host, or a host, such as recorder@recorder.meet.example.com", "whitelist: %v", err)
			continue
		}
		if _, err := e.Check(); err != nil {
			it.Problem(mendEntry, "whitelist: %v", err)
			continue
		}
		l.entries = append(l.entries, placedEntry{e, it})
		if e.IsDomain() {
			l.domains = append(l.domains, it)
		}
	}
}

// finish hands over what was read, once the host's components are known.
func (l *lobbyReader) finish(h *moderation.HostPolicy, hasComponent bool) []lobby.Entry {
	if !l.named || l.badMUC {
		return nil
	}
	if len(h.MUC) == 0 && len(l.rooms)+len(l.entries) == 0 {
		return nil
	}
	if len(h.MUC) == 0 {
		l.at.Problem("name the MUC components under muc", "the host has a lobby, and no muc")
		return nil
	}
	rules, err := lobby.NewRules(l.mode, l.rooms)
	if err != nil {
		l.at.Problem("see the patterns of rooms", "lobby: %v", err)
		return nil
	}
	h.Lobby = rules
	if l.mode == lobby.MembersOnly {
		l.warnMembers(hasComponent)
	}
	var entries []lobby.Entry
	for _, e := range l.entries {
		entries = append(entries, e.placed(h.MUC)...)
	}
	return entries
}

// warnMembers says what membership cannot do.
func (l *lobbyReader) warnMembers(hasComponent bool) {
	for _, it := range l.domains {
		it.Warn("set enforce: gate, or name the accounts",
			"whitelist: everybody of %q cannot be a member: "+
				"with enforce: members-only each account comes in at its second try only", text.Clip(it.Text))
	}
	if !hasComponent {
		l.at.Warn("add component, or set enforce: gate",
			"lobby: without a component no room is made members-only; usher itself refuses joins instead")
	}
}

// placed returns the entry for the rooms of each of the host's components that it
// is for, and of no others.
func (e placedEntry) placed(mucs []string) []lobby.Entry {
	name, domain, whole := lobby.CutComponent(e.Room)
	if lobby.Foreign(e.Room, mucs) {
		e.at.Problem("name one of "+strings.Join(mucs, ", ")+", or no component",
			"whitelist: %q is none of this host's muc", text.Clip(domain))
	}
	var entries []lobby.Entry
	for _, muc := range mucs {
		if whole && domain != muc {
			continue
		}
		e.Room = cmp.Or(name, "*") + "@" + muc
		if _, err := e.Check(); err != nil { // longer than what was written
			e.at.Problem(mendEntry, "whitelist: %v", err)
			continue
		}
		entries = append(entries, e.Entry)
	}
	return entries
}
