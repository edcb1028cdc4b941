package client

import (
	"context"
	"encoding/json"
	"slices"
)

// AddBreakout asks Jitsi's component for a breakout room, as a moderator's client does.
func (s *Session) AddBreakout(component string) error {
	return s.Says("<message to='" + escape(component) + "'>" +
		"<breakout_rooms xmlns='jabber:client' type='features/breakout-rooms/add' subject='Group'/></message>")
}

// Breakouts waits until a component tells of this many breakout rooms, and returns their addresses.
func (s *Session) Breakouts(ctx context.Context, component string, many int) (rooms []string, err error) {
	err = s.inbox.until(ctx, func() (bool, error) {
		for _, n := range slices.Backward(s.inbox.notes) {
			if n.from == component && n.json != "" {
				rooms = breakoutsIn(n.json)
				return len(rooms) == many, nil
			}
		}
		return false, nil
	})
	return rooms, err
}

// breakoutsIn returns the addresses that an update of Jitsi's breakout rooms lists, but for the main room's.
func breakoutsIn(text string) (rooms []string) {
	var update struct {
		Rooms map[string]struct {
			JID    string `json:"jid"`
			IsMain bool   `json:"isMainRoom"`
		} `json:"rooms"`
	}
	if json.Unmarshal([]byte(text), &update) != nil {
		return nil
	}
	for _, r := range update.Rooms {
		if !r.IsMain {
			rooms = append(rooms, r.JID)
		}
	}
	slices.Sort(rooms)
	return rooms
}
