package auth

import (
	"fmt"
	"strings"

	"usher/internal/jid"
)

// describeRoom says what a token's rooms are called in Prosody.
func describeRoom(a *attempt) string {
	const most = 4
	switch {
	case a.id.Rooms == nil:
		return "none, and none is required: every room"
	case a.id.RoomRegex:
		return fmt.Sprintf("regular expression (RE2, over the whole name) %q", clip(strings.Join(a.id.Rooms, ", ")))
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

func describeOneRoom(text string) string {
	if text == "*" {
		return `"*", every room`
	}
	claim, err := jid.ReadClaim(text)
	if err != nil {
		return "opens nothing: " + err.Error()
	}
	s := fmt.Sprintf("%q", clip(text))
	if names := claim.Names(); len(names) > 1 || names[0] != text {
		s += ", in Prosody " + clip(strings.Join(names, " or "))
	}
	if dropped := jid.DroppedByJitsi(jid.SplitRoom(text).Name); dropped != "" {
		s += fmt.Sprintf(" (Jitsi drops %s from a link unless it is percent-encoded there)", dropped)
	}
	if hint := jid.HintClaim(text); hint != "" {
		s += " (" + hint + ")"
	}
	return s
}
