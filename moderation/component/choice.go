package component

import (
	"strings"

	"usher/internal/jid"
)

// A choice is what a moderator wants of the command: to see who waits, or to
// decide.
type choice struct {
	cancelled bool
	submitted bool
	admit     bool
	rooms     []chosen // in the order in which they were named
	n         int      // accounts in all
}

// A chosen is the part of a choice that is about one room.
type chosen struct {
	room     string
	accounts []string // bare JIDs
}

const maxSession = 256 // bytes of a command's sessionid, which stands in the answer

// readChoice reads a stage of the command, or says to the person what is wrong
// with it. Anybody may send one: it has bounds in numbers and bytes.
func readChoice(c *command) (out choice, wrong string) {
	if len(c.Session) > maxSession {
		c.Session = ""
	}
	if c.Action == "cancel" {
		return choice{cancelled: true}, ""
	}
	if c.Form == nil || c.Form.Type != "submit" {
		return choice{}, ""
	}
	fields := map[string][]string{}
	for _, field := range c.Form.Fields {
		fields[field.Var] = field.Values
	}
	decision, who := fields["decision"], fields["who"]
	if len(decision) != 1 || decision[0] != "admit" && decision[0] != "deny" || len(who) == 0 || len(who) > maxListed {
		return choice{}, "Choose somebody who waits, and whether to let them in."
	}
	out = choice{submitted: true, admit: decision[0] == "admit"}
	for _, w := range who {
		room, account, found := strings.Cut(w, waiterDivider)
		if !found || len(room) > jid.MaxJID || len(account) > jid.MaxJID {
			return choice{}, "That is nobody who waits."
		}
		out.add(strings.Clone(room), strings.Clone(account)) // the rest of the stanza can go
	}
	return out, ""
}

func (c *choice) add(room, account string) {
	c.n++
	for i := range c.rooms {
		if c.rooms[i].room == room {
			c.rooms[i].accounts = append(c.rooms[i].accounts, account)
			return
		}
	}
	c.rooms = append(c.rooms, chosen{room, []string{account}})
}

// every reports whether something is so for each account that was chosen.
func (c *choice) every(is func(room, account string) bool) bool {
	for _, in := range c.rooms {
		for _, account := range in.accounts {
			if !is(in.room, account) {
				return false
			}
		}
	}
	return true
}
