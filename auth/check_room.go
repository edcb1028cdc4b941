package auth

import (
	"fmt"
	"strings"

	"usher/internal/jid"
	"usher/internal/text"
)

// checkRoom reads which rooms the token is for. What they are called in Prosody is
// asked when one is joined.
func checkRoom(a *attempt) *Refusal {
	var rooms []string
	there, refusal := a.texts("room", true, func(text []byte) { rooms = append(rooms, string(text)) })
	if refusal != nil {
		return refusal
	}
	if !there && a.issuer.RequireRoom {
		return Refuse(ReasonRoomMissing, "the token has no room; "+
			"have the application write one, or \"*\" for every room, or set require_room: false for issuer %q",
			text.Name(a.issuer.id))
	}
	a.id.Rooms = rooms
	a.id.RoomRegex = a.choice(a.room, "regex") == Yes
	return nil
}

// describeRoom says what a token's rooms are called in Prosody.
func describeRoom(a *attempt) string {
	const most = 4
	switch {
	case a.id.Rooms == nil:
		return "none, and none is required: every room"
	case a.id.RoomRegex:
		return fmt.Sprintf("regular expression (RE2, over the whole name) %q",
			text.Name(strings.Join(a.id.Rooms, ", ")))
	}
	var list []string
	for i, text := range a.id.Rooms {
		if i == most {
			list = append(list, "…")
			break
		}
		list = append(list, describeOneRoom(text))
	}
	return strings.Join(list, "; ")
}

func describeOneRoom(room string) string {
	if room == "*" {
		return `"*", every room`
	}
	claim, err := jid.ReadClaim(room)
	if err != nil {
		return "opens nothing: " + err.Error()
	}
	s := fmt.Sprintf("%q", text.Name(room))
	if names := claim.Names(); len(names) > 1 || names[0] != room {
		s += ", in Prosody " + text.Name(strings.Join(names, " or "))
	}
	if dropped := jid.DroppedByJitsi(jid.SplitRoom(room).Name); dropped != "" {
		s += fmt.Sprintf(" (Jitsi drops %s from a link unless it is percent-encoded there)", dropped)
	}
	if hint := jid.HintClaim(room); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}
