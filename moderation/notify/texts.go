package notify

import (
	"fmt"
	"strings"

	"usher/internal/text"
	"usher/moderation"
	"usher/moderation/adhoc"
)

// This file has all that moderators, and accounts that were admitted, read.

// aKnock is what moderators are told: that an account waits or, with crowd, how many do.
type aKnock struct {
	room, jid, nick string
	crowd           int
}

// happened says who waits.
func (k *aKnock) happened() string {
	if k.crowd > 0 {
		return fmt.Sprintf("%d people wait in the lobby of %s; no further messages for a minute.", k.crowd, k.room)
	}
	return fmt.Sprintf("%s (%s) waits in the lobby of %s.", quoteNick(k.nick), k.jid, k.room)
}

// text tells an account that moderates the room.
func (k *aKnock) text() string {
	if k.crowd > 0 {
		return k.happened() + " See the commands of this address, or usher lobby knocks."
	}
	return fmt.Sprintf("%s To decide: the commands of this address, or usher lobby admit %s %s", k.happened(), k.room,
		k.jid)
}

// withLink tells one client of an owner. The link ends the message: clients take what follows for a part of it. Without
// one those that were sent are still good.
func (k *aKnock) withLink(link string) string {
	if link == "" {
		return k.happened() + " To decide, open the page with the link of an earlier message."
	}
	return k.happened() + " To decide, open this page; the link is for you alone, works once, and within 15 minutes:\n" +
		link
}

// quoteNick keeps a nickname from looking like a part of the message.
func quoteNick(nick string) string {
	if nick == "" {
		return "Somebody"
	}
	return unlinked(fmt.Sprintf("%q", text.Name(nick)))
}

// unlinked keeps what a stranger calls itself from being a link in the eyes of a client: behind what joins the parts of
// an address it puts a sign that has no width. Of a message with a link in it people follow links.
func unlinked(name string) string {
	var b strings.Builder
	for i, r := range name {
		b.WriteRune(r)
		if strings.ContainsRune(".:/@", r) && i+1 < len(name) {
			b.WriteRune(wordJoiner)
		}
	}
	return b.String()
}

const wordJoiner = '\u2060'

const (
	textLetIn          = "You have been let in from the lobby." // of an invitation
	dialogTitle        = "Lobby: who waits, and who may come in"
	textChooseSomebody = "Choose somebody who waits, and whether to let them in."
	textNobody         = "That is nobody who waits."
)

func info(text string) adhoc.Note { return adhoc.Note{Level: "info", Text: text} }
func warn(text string) adhoc.Note { return adhoc.Note{Level: "warn", Text: text} }
func fail(text string) adhoc.Note { return adhoc.Note{Level: "error", Text: text} }

func noteNobodyWaits() adhoc.Note {
	return info("Nobody waits in a room where you are moderator now.")
}

func noteGone() adhoc.Note {
	return fail("Not everybody you chose waits now. Please open the command again.")
}

func noteGoneFrom(room string) adhoc.Note {
	return fail("Not everybody you chose waits in " + text.Name(room) + " now. Please open the command again.")
}

func noteNoModerator(room string) adhoc.Note {
	return fail("You are not moderator of " + text.Name(room) + " now.")
}

func noteTooMany() adhoc.Note {
	return fail("There are too many decisions for now. Please try again tomorrow, or ask the operator of this server.")
}

// noteDecided says what came of a decision about n accounts; later if not every room
// could be changed yet.
func noteDecided(admit, later bool, n int) adhoc.Note {
	switch {
	case !admit:
		return info(fmt.Sprintf("Denied: %d.", n))
	case later:
		return warn(fmt.Sprintf("Chosen: %d. Not every room lets them in yet; "+
			"they get an invitation when it does.", n))
	}
	return info(fmt.Sprintf("Let in: %d. They were sent an invitation.", n))
}

// dialogForm asks which of the accounts that wait are to be let in, or denied; more is
// how many wait besides, if it is above zero.
func dialogForm(waiting []moderation.Waiter, more int) *adhoc.Form {
	f := &adhoc.Form{Title: dialogTitle, Instructions: "Choose whom to let in, or to deny."}
	if more > 0 {
		f.Instructions += fmt.Sprintf(" %d more wait.", more)
	}
	who := adhoc.Field{Name: "who", Type: "list-multi", Label: "Who waits", Required: true}
	for _, w := range waiting {
		label := fmt.Sprintf("%q (%s), %s", w.Name, w.JID, w.Room)
		who.Options = append(who.Options, adhoc.Option{Label: label, Value: w.Room + waiterDivider + w.JID})
	}
	f.Fields = []adhoc.Field{
		{Name: "FORM_TYPE", Type: "hidden", Values: []string{"urn:usher:lobby"}}, who,
		{Name: "decision", Type: "list-single", Label: "Decision", Values: []string{"admit"},
			Options: []adhoc.Option{{Label: "Let in", Value: "admit"}, {Label: "Deny", Value: "deny"}}},
	}
	return f
}
