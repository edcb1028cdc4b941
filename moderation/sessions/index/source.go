package index

import (
	"usher/internal/guard"
	"usher/moderation"
)

// A Source is what sessions have in common: where they logged in, and whose key signed their tokens. There are few.
type Source struct {
	Host, Domain, Issuer, KeyID, KeyPrint, Node string // as in [moderation.Session]
	Anonymous                                   bool
}

func sourceOf(s *moderation.Session) Source {
	return Source{Host: s.Host, Domain: s.Domain, Issuer: s.Issuer, KeyID: s.KeyID, KeyPrint: s.KeyPrint, Node: s.Node,
		Anonymous: s.Anonymous}
}

// A source is one that sessions share.
type source struct {
	Source
	sessions int
}

// sources are those that there are sessions of.
type sources map[Source]*source

// join makes a session share its source with the others.
func (x sources) join(g *Session) {
	of := x[g.from.Source]
	if of == nil {
		of = g.from
		x[of.Source] = of
	}
	of.sessions++
	g.from = of
}

func (x sources) leave(g *Session) {
	if g.from.sessions--; g.from.sessions == 0 {
		delete(x, g.from.Source)
	}
}

// Sources returns those that there are sessions of. It takes the lock, for a portion at a time.
func (x *Index) Sources(mu *guard.RWMutex) []Source { return guard.Keys(mu, x.sources) }
