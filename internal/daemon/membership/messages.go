package membership

import (
	"context"
	"encoding/json"
	"time"

	"usher/auth/ticket"
	"usher/internal/cluster"
	"usher/internal/loginid"
	"usher/lobby"
)

const carryWithin = time.Second

// A carriedTicket is a ticket on its way to another usher.
type carriedTicket struct {
	Text    string    `json:"text"`
	Host    string    `json:"host"`
	Account string    `json:"account,omitempty"`
	Token   string    `json:"token"`
	Until   time.Time `json:"until"`

	LoginID loginid.ID `json:"login,omitempty"` // an earlier usher does not tell it
}

// CarryTicket brings a ticket to the usher whom Prosody asks, if that is another one of the cell.
func (m *Member) CarryTicket(ctx context.Context, text string, r ticket.Record) (carried bool, err error) {
	if _, writes := m.node.Writer(); writes {
		return false, nil
	}
	to := m.node.Report().Writer
	if to == "" || to == m.name {
		return false, nil // Prosody asks nobody yet, or this one
	}
	body, err := json.Marshal(carriedTicket{text, r.Host, r.Account, r.Token, r.Until, r.LoginID})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	return true, m.node.Tell(ctx, cluster.KindTicket, to, body)
}

// told is told what other ushers of the cell tell this one. What cannot be read is left out: who sent it holds a key of
// the cluster.
func (m *Member) told(kind cluster.Kind, _ string, body []byte) {
	switch kind {
	case cluster.KindTicket:
		var t carriedTicket
		if accept := m.accept.Load(); accept != nil && json.Unmarshal(body, &t) == nil {
			(*accept)(t.Text, ticket.Record{Host: t.Host, Account: t.Account, Token: t.Token, Until: t.Until,
				LoginID: t.LoginID})
		}
	case cluster.KindKnock:
		var w lobby.Waiting
		if json.Unmarshal(body, &w) == nil {
			m.lobby.HearKnock(w)
		}
	}
}

// TellKnocks tells the other ushers of the cell of knocks. One that they do not hear of is there again at the next try.
func (m *Member) TellKnocks(ctx context.Context, knocks <-chan lobby.Waiting) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-knocks:
			body, err := json.Marshal(w)
			if err != nil {
				continue
			}
			within, cancel := context.WithTimeout(ctx, carryWithin)
			_ = m.node.Tell(within, cluster.KindKnock, "", body)
			cancel()
		}
	}
}
