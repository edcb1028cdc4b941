package lobbypage

import (
	"fmt"
	"net/http"

	"usher/internal/language"
)

// words are what the page says, in one language.
type words struct {
	lang, title string

	Hint, Since, Admit, Deny, Nobody, All string

	one, many string // who wait: the second with their number

	notOwner, cannotAsk, cannotDecide, tooOften []string
	notices                                     map[string]notice
}

// A notice says what came of a decision.
type notice struct {
	bad  bool
	text string
}

// What came of a decision, as it stands in the address of the page.
const (
	wasAdmitted = "admitted"
	wasDenied   = "denied"
	isLater     = "later"
	isOver      = "over"
	isNotOwner  = "not-owner"
	areTooMany  = "too-many"
)

func english() *words {
	return &words{lang: "en", title: "Lobby",
		Hint: "You see the rooms in which you are, as their owner. Who is let in gets an invitation, and passes the " +
			"lobby of the room for 24 hours. Who is refused is refused for as long.",
		Since: "waits since", Admit: "Let in", Deny: "Refuse", Nobody: "Nobody waits.", All: "Show all",
		one: "1 person waits.", many: "%d people wait.",
		notOwner: []string{"You are not in a room as its owner now.",
			"Join the room as its moderator, then load this page again."},
		cannotAsk:    []string{"The rooms cannot be asked now who moderates them. Please try again in a moment."},
		cannotDecide: []string{"This could not be decided now. Please try again in a moment."},
		tooOften:     []string{"You ask too often, so nothing was done. Please try again in a moment."},
		notices: map[string]notice{
			wasAdmitted: {false, "Let in. The person was sent an invitation."},
			wasDenied:   {false, "Refused."},
			isLater:     {false, "Let in. The room cannot be changed yet; the person is invited as soon as it can."},
			isOver:      {true, "Nothing was done: somebody has decided already, or the person does not wait any more."},
			isNotOwner:  {true, "Nothing was done: you are not in that room as its owner now."},
			areTooMany:  {true, "Nothing was done: too many decisions are kept already. They are forgotten after a day."},
		}}
}

func german() *words {
	return &words{lang: "de", title: "Lobby",
		Hint: "Sie sehen die Räume, in denen Sie als Eigentümer sind. Eingelassene werden eingeladen, und die Lobby " +
			"des Raums hält sie 24 Stunden lang nicht mehr auf. Abgelehnte bleiben es ebenso lange.",
		Since: "wartet seit", Admit: "Einlassen", Deny: "Ablehnen", Nobody: "Niemand wartet.", All: "Alle zeigen",
		one: "1 Person wartet.", many: "%d Personen warten.",
		notOwner: []string{"Sie sind gerade in keinem Raum als Eigentümer.",
			"Betreten Sie den Raum als Moderator, und laden Sie diese Seite neu."},
		cannotAsk: []string{"Die Räume können gerade nicht gefragt werden, wer sie moderiert.",
			"Bitte versuchen Sie es gleich noch einmal."},
		cannotDecide: []string{"Das konnte gerade nicht entschieden werden. Bitte versuchen Sie es gleich noch einmal."},
		tooOften:     []string{"Das war zu oft, darum wurde nichts getan. Bitte versuchen Sie es gleich noch einmal."},
		notices: map[string]notice{
			wasAdmitted: {false, "Eingelassen. Eine Einladung wurde geschickt."},
			wasDenied:   {false, "Abgelehnt."},
			isLater:     {false, "Eingelassen. Der Raum kann noch nicht geändert werden; die Einladung folgt, sobald er es kann."},
			isOver:      {true, "Nichts wurde getan: es ist schon entschieden, oder es wartet dort niemand mehr."},
			isNotOwner:  {true, "Nichts wurde getan: Sie sind gerade nicht als Eigentümer in diesem Raum."},
			areTooMany:  {true, "Nichts wurde getan: zu viele Entscheidungen sind schon vermerkt. Sie gelten einen Tag."},
		}}
}

// count says how many wait.
func (w *words) count(n int) string {
	switch n {
	case 0:
		return w.Nobody
	case 1:
		return w.one
	}
	return fmt.Sprintf(w.many, n)
}

// wordsFor is the first language of a browser that there are words in.
func wordsFor(r *http.Request) *words {
	if language.Of(r, "en", "de") == "de" {
		return german()
	}
	return english()
}
