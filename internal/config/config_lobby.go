package config

import (
	"strings"

	"usher/internal/jid"
	"usher/internal/text"
	"usher/lobby"
	"usher/moderation"
)

const mendEntry = "correct what follows the JID: room=PATTERN, until=2026-12-31T18:00:00Z, and # a note of up to 256 bytes"

// A lobbyReader collects what one host says of its lobby.
type lobbyReader struct {
	at      value // where lobby is named; zero: nowhere
	named   bool
	mode    lobby.Mode
	rooms   map[string]bool
	entries []placedEntry
	domains []item // of the whitelist
	badMUC  bool   // the host's muc cannot be read, which is reported there
}

// A placedEntry is an entry of the whitelist and where it stands.
type placedEntry struct {
	lobby.Entry
	at item
}

func (l *lobbyReader) read(v value) {
	l.at, l.named, l.mode, l.rooms = v, true, lobby.MembersOnly, map[string]bool{}
	v.object(
		field{"rooms", l.readRooms},
		field{"enforce", func(v value) {
			if s, ok := v.oneOf(string(lobby.MembersOnly), string(lobby.Gate)); ok {
				l.mode = lobby.Mode(s)
			}
		}},
		field{"whitelist", l.readWhitelist},
	)
}

func (l *lobbyReader) readRooms(v value) {
	for _, e := range v.entries() {
		if _, err := lobby.ParsePattern(e.key.text); err != nil {
			e.key.problem(mendPattern, "lobby: %q is no pattern of rooms: %v", text.Clip(e.key.text), err)
			continue
		}
		e.value.name = "lobby of " + text.Clip(e.key.text)
		if on, ok := e.value.onOff(); ok {
			l.rooms[e.key.text] = on
		}
	}
}

// onOff reads a switch. true and false are understood, too.
func (v value) onOff() (on, ok bool) {
	if v.node.ShortTag() == "!!bool" {
		v.boolean(&on)
		return on, true
	}
	s, ok := v.oneOf("on", "off")
	return s == "on", ok
}

func (l *lobbyReader) readWhitelist(v value) {
	for _, it := range v.list() {
		e, err := lobby.ParseEntry(it.text)
		if err == nil {
			e.JID, err = jid.Prepare(e.JID)
		}
		if err != nil {
			it.problem("write user@host, or a host, such as recorder@recorder.meet.example.com", "whitelist: %v", err)
			continue
		}
		if _, err := e.Check(); err != nil {
			it.problem(mendEntry, "whitelist: %v", err)
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
		l.at.problem("name the MUC components under muc", "the host has a lobby, and no muc")
		return nil
	}
	rules, err := lobby.NewRules(l.mode, l.rooms)
	if err != nil {
		l.at.problem("see the patterns of rooms", "lobby: %v", err)
		return nil
	}
	h.Lobby = rules
	if l.mode == lobby.MembersOnly {
		for _, it := range l.domains {
			it.warn("set enforce: gate, or name the accounts", "whitelist: everybody of %q cannot be a member: with enforce: members-only each comes in at his second try only", text.Clip(it.text))
		}
		if !hasComponent {
			l.at.warn("add component, or set enforce: gate", "lobby: without a component no room is made members-only; usher itself refuses joins instead")
		}
	}
	var entries []lobby.Entry
	for _, e := range l.entries {
		name, domain, whole := lobby.CutComponent(e.Room)
		if lobby.Foreign(e.Room, h.MUC) {
			e.at.problem("name one of "+strings.Join(h.MUC, ", ")+", or no component", "whitelist: %q is none of this host's muc", text.Clip(domain))
		}
		for _, muc := range h.MUC { // the rooms of this host, and no others
			if whole && domain != muc {
				continue
			}
			if name == "" {
				name = "*"
			}
			e.Room = name + "@" + muc
			if _, err := e.Check(); err != nil { // longer than what was written
				e.at.problem(mendEntry, "whitelist: %v", err)
				continue
			}
			entries = append(entries, e.Entry)
		}
	}
	return entries
}
