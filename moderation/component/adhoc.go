package component

import (
	"context"
	"encoding/xml"
	"time"

	"usher/internal/logattr"
	"usher/moderation/adhoc"
)

// A Command is what the component offers to people, by XEP-0050.
type Command interface {
	// Title is what a client shows of the command.
	Title() string
	// Stage answers one step of an account, a bare JID: with the form that it
	// submitted, or nil.
	Stage(account string, submitted adhoc.Submitted) adhoc.Stage
}

const (
	commandNode   = "lobby"
	commandWithin = 8 * time.Second
	maxSession    = 256 // bytes of a command's sessionid, which stands in the answer
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
	if node == nsAdHoc && s.o.Command != nil {
		q.Items = []discoItem{{s.jid, commandNode, s.o.Command.Title()}}
	}
	return q
}

// command does one step of a command. What memory can tell is answered at once;
// what rooms have to be asked for is done apart from the reader, in a place.
func (s *session) command(in *iq) {
	if len(in.Command.Session) > maxSession {
		in.Command.Session = ""
	}
	if in.Command.Action == "cancel" {
		s.replyCommand(in, command{Status: "canceled"})
		return
	}
	account := bare(in.From)
	stage := s.o.Command.Stage(account, in.Command.Form.submitted())
	if stage.Answer != nil {
		s.replyCommand(in, written(*stage.Answer))
		return
	}
	leave, ok := s.limit.enter(account, stage.Likely)
	if !ok {
		s.reply(s.failure(in, "wait", "resource-constraint"))
		return
	}
	s.commands.Go(func() {
		ctx, cancel := context.WithTimeout(s.ctx, commandWithin)
		defer cancel()
		out, err := stage.Do(ctx)
		leave() // before the answer: with it the account may send the next command at once
		if err != nil {
			s.o.Log.Warn("a moderator's command came to nothing", logattr.Account(account), logattr.Err(err))
			s.reply(s.failure(in, "wait", "internal-server-error"))
			return
		}
		s.replyCommand(in, written(out))
	})
}

// submitted returns the values of a form that came back, or nil.
func (f *form) submitted() adhoc.Submitted {
	if f == nil || f.Type != "submit" {
		return nil
	}
	fields := adhoc.Submitted{}
	for _, field := range f.Fields {
		fields[field.Var] = field.Values
	}
	return fields
}

// written is an answer as it is sent.
func written(a adhoc.Answer) command {
	if a.Form == nil {
		return command{Status: "completed", Note: &commandNote{a.Note.Level, a.Note.Text}}
	}
	f := &form{Type: "form", Title: a.Form.Title, Instructions: a.Form.Instructions}
	for _, field := range a.Form.Fields {
		out := formField{Var: field.Name, Type: field.Type, Label: field.Label, Values: field.Values}
		if field.Required {
			out.Required = &struct{}{}
		}
		for _, o := range field.Options {
			out.Options = append(out.Options, formOption{o.Label, o.Value})
		}
		f.Fields = append(f.Fields, out)
	}
	return command{Status: "executing", Actions: &actions{Execute: "complete", Complete: &struct{}{}}, Form: f}
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
