package relay

import (
	"strings"
	"sync"

	"usher/auth/gateway/stanza"
)

// shown is what the client of a stream was told: which address it has, and in which rooms
// it is.
type shown struct {
	mu     sync.Mutex
	jid    string            // as full as it is known
	inside map[string]string // the occupant in each room
}

// mostInside bounds the rooms that are remembered of one stream.
const mostInside = 64

// enters notes a room that the account is in, and reports whether that is new.
func (c *shown) enters(occupant, to string) bool {
	room := strings.ToLower(bareOf(occupant))
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.Contains(to, "/") {
		c.jid = to
	}
	_, known := c.inside[room]
	if !known && len(c.inside) >= mostInside {
		return true
	}
	if c.inside == nil {
		c.inside = map[string]string{}
	}
	c.inside[room] = occupant
	return !known
}

func (c *shown) goes(occupant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.inside, strings.ToLower(bareOf(occupant)))
}

// isInside reports whether the account is in the room of an address.
func (c *shown) isInside(to string) bool {
	room := strings.ToLower(bareOf(to))
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.inside[room]
	return ok
}

// isOccupant reports whether an address is the account's own in a room.
func (c *shown) isOccupant(address string) bool {
	room := strings.ToLower(bareOf(address))
	c.mu.Lock()
	defer c.mu.Unlock()
	occupant, ok := c.inside[room]
	return ok && occupant == address
}

// roomOf is the room of a notice as its client knows it: a room of a tenant has another
// address there than at the component. Breakout rooms have occupants of the same names.
func (c *shown) roomOf(n stanza.Notice) (room string, ok bool) {
	local, _, _ := strings.Cut(n.Room, "@")
	if _, name, tenant := strings.Cut(local, "]"); tenant && strings.HasPrefix(local, "[") {
		local = name
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, occupant := range c.inside {
		bare, nick, _ := strings.Cut(occupant, "/")
		if at, _, _ := strings.Cut(bare, "@"); nick == n.Nick && at == local {
			return bare, true
		}
	}
	return "", false
}

// begin has the account be known by an address, and be in rooms already.
func (c *shown) begin(jid string, inside map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jid, c.inside = jid, inside
}

// address is the account's, as full as it is known.
func (c *shown) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jid
}

// take hands the rooms on, and forgets them.
func (c *shown) take() (inside map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	inside, c.inside = c.inside, nil
	return inside
}

// out are the presences that show the account out of its rooms.
func (c *shown) out(text string) (presences [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, occupant := range c.inside {
		presences = append(presences, []byte(stanza.ShownOut(occupant, c.jid, text)))
	}
	return presences
}

// bareOf is an address without its resource.
func bareOf(address string) string {
	bare, _, _ := strings.Cut(address, "/")
	return bare
}
