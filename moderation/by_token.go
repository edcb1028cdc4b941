package moderation

import (
	"time"

	"usher/auth"
	"usher/internal/text"
)

// ByToken decides about a room, by an address of it, before there is a connection: by
// what the token alone says. It is less than a join, which the lobby and the
// account's other sessions have a say in. Of a breakout room only those that are
// connected can be told to belong there: the join decides.
func (p *Policy) ByToken(id auth.Identity, address string, now time.Time) Decision {
	name, h, err := p.Find(address)
	switch {
	case err != nil:
		return Refuse(ReasonUnknownRoom, "%v; %s", err, mendAddress(err, address, id.Host))
	case h.Host != id.Host:
		return Refuse(ReasonUnknownRoom, "%q is none of the MUC components of %s; add it to muc there", text.Name(name.Domain),
			id.Host)
	case h.IsBreakout(name.Domain):
		return Decision{Allowed: true, Reason: ReasonToken, Affiliation: None}
	}
	g := NewSession(id, now)
	return byOne(h, &g, name)
}
