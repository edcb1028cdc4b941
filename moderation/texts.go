package moderation

import "fmt"

// knockText tells a moderator that an account waits.
func knockText(room, jid, nick string) string {
	return fmt.Sprintf("%s (%s) waits in the lobby of %s. To decide: the commands of this address, or usher lobby admit %s %s",
		quoteNick(nick), jid, room, room, jid)
}

// crowdText tells a moderator that more wait than are named.
func crowdText(room string, n int) string {
	return fmt.Sprintf("%d people wait in the lobby of %s; no further messages for a minute. See the commands of this address, or usher lobby knocks.",
		n, room)
}

// quoteNick keeps a nickname from looking like a part of the message.
func quoteNick(nick string) string {
	if nick == "" {
		return "Somebody"
	}
	return fmt.Sprintf("%q", clip(nick))
}
