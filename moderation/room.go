package moderation

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"usher/internal/jid"
	"usher/lobby"
)

// A RoomName is a room's JID as Prosody spells it, split once. Every decision
// about a room sees it through this.
type RoomName struct {
	JID    string // bare JID
	Domain string // of the MUC component
	jid.Room
}

// ParseRoom reads a room's bare JID as Prosody sends it. Nothing is decoded,
// folded or prepared: Prosody has done the latter.
func ParseRoom(bare string) (RoomName, error) {
	local, domain, found := strings.Cut(bare, "@")
	if !found || local == "" || domain == "" || len(bare) > jid.MaxJID || strings.ContainsAny(domain, "@/") || strings.Contains(local, "/") || !utf8.ValidString(bare) {
		return RoomName{}, fmt.Errorf("%q is no bare JID of a room", clip(bare))
	}
	return RoomName{JID: bare, Domain: domain, Room: jid.SplitRoom(local)}, nil
}

// forLobby is the room as the lobby's lists know it.
func (r RoomName) forLobby() lobby.Room {
	return lobby.Room{JID: r.JID, Domain: r.Domain, Room: r.Room}
}
