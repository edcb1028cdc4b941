package main

import (
	"fmt"
	"io"
	"time"

	"usher/internal/text"
	"usher/moderation/unasked"
)

// A mucStatus says whether Prosody asks usher about the rooms of a component.
type mucStatus struct {
	MUC     string         `json:"muc"`
	Joins   unasked.Answer `json:"joins"`
	Begins  unasked.Answer `json:"new_rooms"`
	Unasked int            `json:"unasked_occupants"`

	// Examples of what is missing.
	Room    string    `json:"room,omitempty"`
	Account string    `json:"account,omitempty"`
	Since   time.Time `json:"since,omitzero"`

	Component bool `json:"component"` // there is one that can look
}

// unasked is what was seen of the rooms of a host.
func (p *roomParts) unasked(host string) []mucStatus {
	var list []mucStatus
	for _, r := range p.sessions.Unasked(host) {
		m := mucStatus{MUC: r.MUC, Joins: r.Joins, Begins: r.Begins, Unasked: r.Unasked, Component: p.component != nil}
		switch {
		case r.Joins == unasked.Missing:
			m.Room, m.Account, m.Since = r.JoinsRoom, r.JoinsAccount, r.JoinsSince
		case r.Begins == unasked.Missing:
			m.Room, m.Account, m.Since = r.BeginsRoom, r.BeginsAccount, r.BeginsSince
		}
		list = append(list, m)
	}
	return list
}

// print says of each question of Prosody's whether it comes.
func (m mucStatus) print(w io.Writer) {
	fmt.Fprintf(w, "  muc %s: asks about joins (mod_muc_http_auth): %s; about new rooms (mod_muc_http_defaults): %s\n", m.MUC, m.word(m.Joins), m.word(m.Begins))
	if m.Account != "" {
		fmt.Fprintf(w, "    such as %s in %s, since %s; in rooms now about whom it did not ask: %d\n",
			text.Printable(m.Account), text.Printable(m.Room), m.Since.Format(time.RFC3339), m.Unasked)
	}
}

func (m mucStatus) word(a unasked.Answer) string {
	switch {
	case a == unasked.Asked:
		return "yes"
	case a == unasked.Missing:
		return "NO"
	case m.Component:
		return "not seen since Prosody is connected"
	}
	return "not seen, and without a component nobody looks"
}
