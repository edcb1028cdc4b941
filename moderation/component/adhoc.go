package component

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"

	"usher/moderation"
)

// A Desk is where moderators see who waits in the lobbies of their rooms, and
// decide. Both methods ask the rooms themselves who is moderator.
type Desk interface {
	// Waiting returns who waits in rooms where somebody, by his bare JID, is
	// moderator.
	Waiting(ctx context.Context, moderator string) ([]moderation.Waiter, error)
	// DecideAs admits or denies; the error is [moderation.ErrNotModerator] if he
	// may not.
	DecideAs(ctx context.Context, moderator, room, jid string, admit bool) error
}

const (
	lobbyNode     = "lobby"
	lobbyName     = "Lobby: who waits, and who may come in"
	maxAtDesk     = 16 // commands at the same time
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

// command does one step of a command, apart from the reader: it asks rooms.
func (s *session) command(in *iq) {
	select {
	case s.atDesk <- struct{}{}:
	default:
		s.reply(s.failure(in, "wait", "resource-constraint"))
		return
	}
	go func() {
		defer func() { <-s.atDesk }()
		ctx, cancel := context.WithTimeout(context.Background(), deskWithin)
		defer cancel()
		out, err := s.step(ctx, in)
		if err != nil {
			s.o.Log.Warn("a moderator's command came to nothing", "account", clip(in.From), "cause", err)
			s.reply(s.failure(in, "wait", "internal-server-error"))
			return
		}
		text, err := request("result", escape(in.ID), s.jid, in.From, out)
		if err != nil {
			text = s.failure(in, "wait", "internal-server-error")
		}
		s.reply(text)
	}()
}

// step is the command itself. It keeps nothing between its two stages: what is
// submitted names everything, and is checked anew.
func (s *session) step(ctx context.Context, in *iq) (command, error) {
	c := in.Command
	done := command{Node: c.Node, Session: c.Session, Status: "completed"}
	if c.Session == "" {
		done.Session = "lobby-" + in.ID
	}
	if c.Action == "cancel" {
		done.Status = "canceled"
		return done, nil
	}
	if c.Form != nil && c.Form.Type == "submit" {
		note, err := s.decide(ctx, bare(in.From), c.Form)
		done.Note = &note
		return done, err
	}
	waiting, err := s.o.Desk.Waiting(ctx, bare(in.From))
	if err != nil {
		return command{}, err
	}
	if len(waiting) == 0 {
		done.Note = &commandNote{"info", "Nobody waits in a room where you are moderator now."}
		return done, nil
	}
	done.Status, done.Actions, done.Form = "executing", &actions{Execute: "complete", Complete: &struct{}{}}, lobbyForm(waiting)
	return done, nil
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
func (s *session) decide(ctx context.Context, moderator string, f *form) (commandNote, error) {
	fields := map[string][]string{}
	for _, field := range f.Fields {
		fields[field.Var] = field.Values
	}
	decision, who := fields["decision"], fields["who"]
	if len(decision) != 1 || decision[0] != "admit" && decision[0] != "deny" || len(who) == 0 || len(who) > maxListed {
		return commandNote{"error", "Choose somebody who waits, and whether to let him in."}, nil
	}
	for _, w := range who {
		room, jid, found := strings.Cut(w, waiterDivider)
		if !found {
			return commandNote{"error", "That is nobody who waits."}, nil
		}
		switch err := s.o.Desk.DecideAs(ctx, moderator, room, jid, decision[0] == "admit"); {
		case errors.Is(err, moderation.ErrNotModerator):
			return commandNote{"error", "You are not moderator of " + clip(room) + " now."}, nil
		case err != nil:
			return commandNote{}, err
		}
	}
	if decision[0] == "admit" {
		return commandNote{"info", fmt.Sprintf("Let in: %d. They were sent an invitation.", len(who))}, nil
	}
	return commandNote{"info", fmt.Sprintf("Denied: %d.", len(who))}, nil
}
