package moderation

import "fmt"

// This file has all that moderators, and accounts that were admitted, read.

// knockText tells a moderator that an account waits.
func knockText(room, jid, nick string) string {
	return fmt.Sprintf("%s (%s) waits in the lobby of %s. To decide: the commands of this address, or usher lobby admit %s %s",
		quoteNick(nick), jid, room, room, jid)
}

// crowdText tells a moderator that more wait than are named.
func crowdText(room string, n int) string {
	return fmt.Sprintf("%d people wait in the lobby of %s; no further messages for a minute. "+
		"See the commands of this address, or usher lobby knocks.", n, room)
}

// quoteNick keeps a nickname from looking like a part of the message.
func quoteNick(nick string) string {
	if nick == "" {
		return "Somebody"
	}
	return fmt.Sprintf("%q", clip(nick))
}

const (
	textLetIn          = "You have been let in from the lobby." // of an invitation
	dialogTitle        = "Lobby: who waits, and who may come in"
	textChooseSomebody = "Choose somebody who waits, and whether to let them in."
	textNobody         = "That is nobody who waits."
)

func noteNobodyWaits() Note {
	return Note{"info", "Nobody waits in a room where you are moderator now."}
}

func noteGone() Note {
	return Note{"error", "Not everybody you chose waits now. Please open the command again."}
}

func noteGoneFrom(room string) Note {
	return Note{"error", "Not everybody you chose waits in " + clip(room) + " now. Please open the command again."}
}

func noteNoModerator(room string) Note {
	return Note{"error", "You are not moderator of " + clip(room) + " now."}
}

func noteTooMany() Note {
	return Note{"error", "There are too many decisions for now. Please try again tomorrow, or ask the operator of this server."}
}

// noteDecided says what came of a decision about n accounts; later if not every room
// could be changed yet.
func noteDecided(admit, later bool, n int) Note {
	switch {
	case !admit:
		return Note{"info", fmt.Sprintf("Denied: %d.", n)}
	case later:
		return Note{"warn", fmt.Sprintf("Chosen: %d. Not every room lets them in yet; they get an invitation when it does.", n)}
	}
	return Note{"info", fmt.Sprintf("Let in: %d. They were sent an invitation.", n)}
}

// dialogForm asks which of those who wait are to be let in, or denied; more is how
// many wait besides, if it is above zero.
func dialogForm(waiting []Waiter, more int) *Form {
	f := &Form{Title: dialogTitle, Instructions: "Choose whom to let in, or to deny."}
	if more > 0 {
		f.Instructions += fmt.Sprintf(" %d more wait.", more)
	}
	who := FormField{Name: "who", Type: "list-multi", Label: "Who waits", Required: true}
	for _, w := range waiting {
		who.Options = append(who.Options, FormOption{fmt.Sprintf("%q (%s), %s", w.Name, w.JID, w.Room), w.Room + waiterDivider + w.JID})
	}
	f.Fields = []FormField{
		{Name: "FORM_TYPE", Type: "hidden", Values: []string{"urn:usher:lobby"}}, who,
		{Name: "decision", Type: "list-single", Label: "Decision", Values: []string{"admit"},
			Options: []FormOption{{"Let in", "admit"}, {"Deny", "deny"}}},
	}
	return f
}
