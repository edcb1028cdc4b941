package relay

import (
	"slices"
	"strings"
	"sync"

	"usher/auth/gateway/stanza"
)

// shown is what the client of a stream was told: which address it has, and in which rooms
// it is.
type shown struct {
	mu     sync.Mutex
	jid    string // as full as it is known
	inside places
}

// places are where an account is.
type places struct {
	rooms map[string]string // the occupant in each room

	// asked are the rooms that it may be in: those that usher has let it ask Prosody for. What
	// Prosody has shown of that says less, as it may be on its way, or too large to be read.
	asked  []string
	partly bool // it may be in more: the stream of before is not known here

	bound  int    // the number of the connection that was bound last
	token  string // the print of its token
	unsure bool   // Prosody may have the rights of a token of before: two were resumed at the same moment
}

// resumedBy notes the connection that is bound now, which asked for that when so many were.
// Where others were bound since then Prosody may have resumed them later.
func (p *places) resumedBy(bound, since int, token string) {
	p.unsure = p.unsure || p.bound > since && p.token != token
	p.bound, p.token = bound, token
}

// join adds others, within the bound.
func (p *places) join(more places) {
	p.partly, p.unsure = p.partly || more.partly, p.unsure || more.unsure
	if more.bound > p.bound {
		p.bound, p.token = more.bound, more.token
	}
	for room, occupant := range more.rooms {
		p.enters(room, occupant)
	}
	for _, room := range more.asked {
		p.asks(room)
	}
}

// enters reports whether the room is new.
func (p *places) enters(room, occupant string) bool {
	_, known := p.rooms[room]
	if !known && len(p.rooms) >= mostInside {
		return true
	}
	if p.rooms == nil {
		p.rooms = map[string]string{}
	}
	p.rooms[room] = occupant
	return !known
}

func (p *places) asks(room string) {
	switch {
	case slices.Contains(p.asked, room):
	case len(p.asked) >= mostInside:
		p.partly = true
	default:
		p.asked = append(p.asked, strings.Clone(room)) // the rest of what it is a part of must not stay
	}
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
	return c.inside.enters(room, occupant)
}

func (c *shown) goes(occupant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.inside.rooms, strings.ToLower(bareOf(occupant)))
}

// asks notes that the account is about to ask Prosody for a room.
func (c *shown) asks(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside.asks(bareOf(to))
}

// isInside reports whether the account is in the room of an address.
func (c *shown) isInside(to string) bool {
	room := strings.ToLower(bareOf(to))
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.inside.rooms[room]
	return ok
}

// isOccupant reports whether an address is the account's own in a room.
func (c *shown) isOccupant(address string) bool {
	room := strings.ToLower(bareOf(address))
	c.mu.Lock()
	defer c.mu.Unlock()
	occupant, ok := c.inside.rooms[room]
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
	for _, occupant := range c.inside.rooms {
		bare, nick, _ := strings.Cut(occupant, "/")
		if at, _, _ := strings.Cut(bare, "@"); nick == n.Nick && at == local {
			return bare, true
		}
	}
	return "", false
}

// places are those of now.
func (c *shown) places() (inside places) {
	c.mu.Lock()
	defer c.mu.Unlock()
	inside.join(c.inside)
	return inside
}

// join adds what another connection of the same stream has noted.
func (c *shown) join(more places) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inside.join(more)
}

// begin has the account be known by an address, and be in rooms besides those that it has asked for since it was bound.
func (c *shown) begin(jid string, inside places) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.jid = jid
	c.inside.join(inside)
}

// address is the account's, as full as it is known.
func (c *shown) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.jid
}

// take hands the rooms on, and forgets them.
func (c *shown) take() (inside places) {
	c.mu.Lock()
	defer c.mu.Unlock()
	inside, c.inside = c.inside, places{}
	return inside
}

// out are the presences that show the account out of its rooms.
func (c *shown) out(text string) (presences [][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, occupant := range c.inside.rooms {
		presences = append(presences, []byte(stanza.ShownOut(occupant, c.jid, text)))
	}
	return presences
}

// bareOf is an address without its resource.
func bareOf(address string) string {
	bare, _, _ := strings.Cut(address, "/")
	return bare
}
