package cluster

import (
	"context"

	"usher/internal/logattr"
	"usher/internal/text"
)

// A snapshot is what the engine has of one node.
type snapshot struct {
	fields  set
	beat    *Entry
	numbers map[uint64]uint64 // the last of each incarnation
	strange bool              // something in it was made without a key of this node
}

func (g *snapshot) take(e *Entry) {
	g.numbers[e.Incarnation] = max(g.numbers[e.Incarnation], e.Number)
	if e.Kind == KindHeartbeat {
		g.beat = e
		return
	}
	g.fields.put(e.Key, e.hash())
}

// readSnapshot reads a node's snapshot, and hands over its facts.
func (l *link) readSnapshot(ctx context.Context, node string, handle func([]Fact) error) (snapshot, error) {
	got := snapshot{fields: newSet(), numbers: map[uint64]uint64{}}
	err := l.n.bus.Snapshot(ctx, l.scope, node, func(part []Sealed) error {
		var facts []Fact
		for i := range part {
			e, ok := l.open(&part[i])
			if !ok {
				got.strange = true
				continue
			}
			got.take(&e)
			if e.Kind >= KindRevocation {
				facts = append(facts, e.Fact)
			}
		}
		if handle == nil {
			return nil
		}
		return handle(facts)
	})
	return got, err
}

// open opens an entry. What is forged is left out, counted, and said aloud: there may be any number.
func (l *link) open(s *Sealed) (Entry, bool) {
	e, err := l.n.keys.Open(l.scope, s)
	if err == nil {
		return e, true
	}
	l.n.o.Seen(Event{What: BadMAC, N: 1})
	if silent, ok := l.forged.Allow(); ok {
		l.n.o.Log.Error("an entry of the cluster is left out", "scope", string(l.scope), "node", text.Name(s.Node),
			logattr.Err(err), logattr.Hint("compare the files of cluster.secret_files there and here"),
			logattr.NotLogged(silent))
	}
	return Entry{}, false
}
