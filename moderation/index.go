package moderation

import "usher/internal/jid"

// A roomIndex finds the grants that name a room: by host and each localpart
// that a claim opens, which of a claim without a tenant is what follows one.
// Those of "*" and of regular expressions are in nobody's way and not in here.
// It is a hint at whom to look: [hostRules.opens] decides.
type roomIndex map[roomIndexKey]map[ID]*Grant

type roomIndexKey struct{ host, name string }

func (x roomIndex) add(g *Grant) {
	for _, k := range indexKeys(g) {
		if x[k] == nil {
			x[k] = map[ID]*Grant{}
		}
		x[k][g.ID] = g
	}
}

func (x roomIndex) drop(g *Grant) {
	for _, k := range indexKeys(g) {
		if delete(x[k], g.ID); len(x[k]) == 0 {
			delete(x, k)
		}
	}
}

// indexKeys are few: a token is too small to name many rooms.
func indexKeys(g *Grant) []roomIndexKey {
	if g.RoomRegex {
		return nil
	}
	var list []roomIndexKey
	for _, claim := range g.Rooms {
		if claim == "*" {
			continue
		}
		c, err := jid.ReadClaim(claim)
		if err != nil {
			continue
		}
		for _, name := range c.Names() {
			list = append(list, roomIndexKey{g.Host, name})
		}
	}
	return list
}
