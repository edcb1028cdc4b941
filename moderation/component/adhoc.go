package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"time"

	"usher/moderation"
)

// A Desk is where moderators see who waits in the lobbies of their rooms, and
// decide. Accounts are bare JIDs.
type Desk interface {
	// MayModerate hints, from memory alone, at whether an account is moderator of
	// a room, or, for "", of any room where somebody waits. Only the room knows.
	MayModerate(account, room string) bool
	// Knocks reports, from memory alone, whether an account waits in a room or was
	// decided about there.
	Knocks(room, account string) bool
	// Waiting asks the rooms where somebody waits who is moderator there, and
	// returns who waits in those where the account is.
	Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error)
	// DecideAs admits or denies accounts that wait in a room, once the room has said
	// that the account who decides is moderator there. The error is
	// [moderation.ErrNotModerator], [moderation.ErrNobodyWaits] or, for a decision
	// that holds while the room cannot be changed yet, [moderation.ErrNotYet].
	DecideAs(ctx context.Context, moderator, room string, accounts []string, admit bool) error
}

const (
	lobbyNode     = "lobby"
	lobbyName     = "Lobby: who waits, and who may come in"
	deskWithin    = 8 * time.Second
	maxListed     = 50
	waiterDivider = " " // in no JID
)

// A command is that of XEP-0050.
type command struct {
	XMLName xml.Name     `xml:"http://jabber.org/protocol/commands command"`
	Node    string       `xml:"node,attr"`
	Session string       `xml:"sessionid,attr,omitempty"`
	Action  string       `xml:"action,attr,omitempty"`
	Status  string       `xml:"status,attr,omitempty"`
	Actions *actions     `xml:"actions"`
	Form    *form        `xml:"jabber:x:data x"`
	Note    *commandNote `xml:"note"`
}

type actions struct {
	Execute  string    `xml:"execute,attr"`
	Complete *struct{} `xml:"complete"`
}

type commandNote struct {
	Type string `xml:"type,attr"` // info, warn, error
	Text string `xml:",chardata"`
}

// An itemsQuery is the part of XEP-0030 that lists commands.
type itemsQuery struct {
	XMLName xml.Name    `xml:"http://jabber.org/protocol/disco#items query"`
	Node    string      `xml:"node,attr,omitempty"`
	Items   []discoItem `xml:"item"`
}

type discoItem struct {
	JID  string `xml:"jid,attr"`
	Node string `xml:"node,attr,omitempty"`
	Name string `xml:"name,attr,omitempty"`
}

// items answers what there is at the component: one command.
func (s *session) items(node string) itemsQuery {
	q := itemsQuery{Node: node}
	if node == nsAdHoc && s.o.Desk != nil {
		q.Items = []discoItem{{s.jid, lobbyNode, lobbyName}}
	}
	return q
}

// command does one step of a command. What memory can tell is answered at once;
// what rooms have to be asked for is done apart from the reader, in a place.
func (s *session) command(in *iq) {
	account := bare(in.From)
	c, wrong := readChoice(in.Command)
	switch {
	case wrong != "":
		s.finished(in, commandNote{"error", wrong})
		return
	case c.cancelled:
		s.replyCommand(in, command{Status: "canceled"})
		return
	case !c.submitted && !s.o.Desk.MayModerate(account, ""):
		s.finished(in, commandNote{"info", nobodyWaits})
		return
	case c.submitted && !c.every(s.o.Desk.Knocks):
		s.finished(in, commandNote{"error", "Not everybody you chose waits now. Please open the command again."})
		return
	}
	leave, ok := s.desk.enter(account, !c.submitted || c.every(func(room, _ string) bool { return s.o.Desk.MayModerate(account, room) }))
	if !ok {
		s.reply(s.failure(in, "wait", "resource-constraint"))
		return
	}
	s.commands.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, deskWithin)
		defer cancel()
		out, err := s.step(ctx, account, c)
		leave() // before the answer: whoever has it may send the next command at once
		if err != nil {
			s.o.Log.Warn("a moderator's command came to nothing", "account", clip(account), "err", err)
			s.reply(s.failure(in, "wait", "internal-server-error"))
			return
		}
		s.replyCommand(in, out)
	})
}

const nobodyWaits = "Nobody waits in a room where you are moderator now."

func (s *session) finished(in *iq, note commandNote) {
	s.replyCommand(in, command{Status: "completed", Note: &note})
}

// replyCommand answers a stage of a command. Nothing is kept between the stages:
// what is submitted names everything, and is checked anew.
func (s *session) replyCommand(in *iq, out command) {
	out.Node, out.Session = in.Command.Node, in.Command.Session
	if out.Session == "" {
		out.Session = "lobby-" + in.ID
	}
	text, err := request("result", escape(in.ID), s.jid, in.From, out)
	if err != nil {
		text = s.failure(in, "wait", "internal-server-error")
	}
	s.reply(text)
}

// step asks the rooms what a command wants to know, or to have done.
func (s *session) step(ctx context.Context, account string, c choice) (command, error) {
	if c.submitted {
		note, err := s.decide(ctx, account, c)
		return command{Status: "completed", Note: &note}, err
	}
	waiting, err := s.o.Desk.Waiting(ctx, account)
	switch {
	case err != nil:
		return command{}, err
	case len(waiting) == 0:
		return command{Status: "completed", Note: &commandNote{"info", nobodyWaits}}, nil
	}
	return command{Status: "executing", Actions: &actions{Execute: "complete", Complete: &struct{}{}}, Form: lobbyForm(waiting)}, nil
}

func lobbyForm(waiting []moderation.Waiter) *form {
	f := &form{Type: "form", Title: lobbyName, Instructions: "Choose whom to let in, or to deny."}
	who := formField{Var: "who", Type: "list-multi", Label: "Who waits", Required: &struct{}{}}
	for _, w := range waiting[:min(len(waiting), maxListed)] {
		label := fmt.Sprintf("%q (%s), %s", w.Name, w.JID, w.Room)
		who.Options = append(who.Options, formOption{label, w.Room + waiterDivider + w.JID})
	}
	if more := len(waiting) - maxListed; more > 0 {
		f.Instructions += fmt.Sprintf(" %d more wait.", more)
	}
	f.Fields = []formField{
		{Var: "FORM_TYPE", Type: "hidden", Values: []string{"urn:usher:lobby"}}, who,
		{Var: "decision", Type: "list-single", Label: "Decision", Values: []string{"admit"}, Options: []formOption{{"Let in", "admit"}, {"Deny", "deny"}}},
	}
	return f
}

// decide does what was submitted, and says what came of it.
func (s *session) decide(ctx context.Context, moderator string, c choice) (commandNote, error) {
	later := false
	for _, in := range c.rooms {
		switch err := s.o.Desk.DecideAs(ctx, moderator, in.room, in.accounts, c.admit); {
		case errors.Is(err, moderation.ErrNotModerator):
			return commandNote{"error", "You are not moderator of " + clip(in.room) + " now."}, nil
		case errors.Is(err, moderation.ErrNobodyWaits):
			return commandNote{"error", "Not everybody you chose waits in " + clip(in.room) + " now. Please open the command again."}, nil
		case errors.Is(err, moderation.ErrTooManyDecisions):
			return commandNote{"error", "There are too many decisions for now. Please try again tomorrow, or ask the operator of this server."}, nil
		case errors.Is(err, moderation.ErrNotYet):
			later = true
		case err != nil:
			return commandNote{}, err
		}
	}
	switch {
	case !c.admit:
		return commandNote{"info", fmt.Sprintf("Denied: %d.", c.n)}, nil
	case later:
		return commandNote{"warn", fmt.Sprintf("Chosen: %d. Not every room lets them in yet; they get an invitation when it does.", c.n)}, nil
	}
	return commandNote{"info", fmt.Sprintf("Let in: %d. They were sent an invitation.", c.n)}, nil
}
