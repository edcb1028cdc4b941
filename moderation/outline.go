package moderation

import "usher/auth"

// Outline are the lines of a join that was refused, or could not be decided, as far as the refusal alone tells: what
// was passed before, and what was not looked at after it.
func Outline(r Reason, detail string) []auth.CheckLine {
	passed, failed, left := outline(r)
	var lines []auth.CheckLine
	for _, name := range passed {
		lines = append(lines, auth.CheckLine{Name: name, OK: true})
	}
	text := string(r)
	if detail != "" {
		text += ": " + detail
	}
	lines = append(lines, auth.CheckLine{Name: failed, Detail: text})
	for _, name := range left {
		lines = append(lines, auth.NotChecked(name, failed))
	}
	return lines
}

func outline(r Reason) (passed []string, failed string, left []string) {
	switch r {
	case ReasonMalformedRequest:
		return nil, "request", []string{"room_name", "account"}
	case ReasonUnknownRoom:
		return []string{"request"}, "room_name", []string{"account"}
	case ReasonStranger:
		return []string{"request", "room_name"}, "account", []string{"lobby"}
	case ReasonNoSession, ReasonSessionEnded, ReasonKeyRemoved:
		return []string{"request", "room_name", "account"}, "session", []string{"room_token", "lobby"}
	case ReasonRoomMismatch, ReasonRoomSpelling, ReasonTenantMismatch:
		return []string{"request", "room_name", "account", "session"}, "room_token", []string{"lobby"}
	case ReasonLobby, ReasonLobbyDenied:
		return []string{"request", "room_name", "account"}, "lobby", nil
	}
	return []string{"request", "room_name"}, "room", nil // the room itself, or what usher knows of it
}
