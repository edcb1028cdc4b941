package daemon

import (
	"context"
	"encoding/json"
	"time"

	"usher/auth/ticket"
	"usher/internal/cluster"
	"usher/internal/loginid"
	"usher/lobby"
)

const (
	carryWithin = time.Second
	maxKnocks   = 500 // that wait to be told to the other ushers
)

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
func (c *clusterPart) CarryTicket(ctx context.Context, text string, r ticket.Record) (carried bool, err error) {
	if _, writes := c.node.Writer(); writes {
		return false, nil
	}
	to := c.node.Report().Writer
	if to == "" || to == c.name {
		return false, nil // Prosody asks nobody yet, or this one
	}
	body, err := json.Marshal(carriedTicket{text, r.Host, r.Account, r.Token, r.Until, r.LoginID})
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, carryWithin)
	defer cancel()
	return true, c.node.Tell(ctx, cluster.KindTicket, to, body)
}

// told is told what other ushers of the cell tell this one. What cannot be read is left out: who sent it holds a key of
// the cluster.
func (c *clusterPart) told(p *roomParts) func(kind cluster.Kind, from string, body []byte) {
	return func(kind cluster.Kind, _ string, body []byte) {
		switch kind {
		case cluster.KindTicket:
			var t carriedTicket
			if accept := c.accept.Load(); accept != nil && json.Unmarshal(body, &t) == nil {
				(*accept)(t.Text, ticket.Record{Host: t.Host, Account: t.Account, Token: t.Token, Until: t.Until,
					LoginID: t.LoginID})
			}
		case cluster.KindKnock:
			var w lobby.Waiting
			if json.Unmarshal(body, &w) == nil {
				p.lobby.HearKnock(w)
			}
		}
	}
}

// knocked has the other ushers of the cell be told of a knock, if there is place.
func (p *roomParts) knocked(w lobby.Waiting) {
	select {
	case p.knocks <- w:
	default:
	}
}

// tellKnocks tells the other ushers of the cell of knocks. One that they do not hear of is there again at the next try.
func (p *roomParts) tellKnocks(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-p.knocks:
			body, err := json.Marshal(w)
			if err != nil {
				continue
			}
			within, cancel := context.WithTimeout(ctx, carryWithin)
			_ = p.cluster.node.Tell(within, cluster.KindKnock, "", body)
			cancel()
		}
	}
}
