package cluster

// An outbox has the changes that were not published yet, in order, and is bounded in entries
// and in bytes. One that overflows is emptied: then everything is compared anew. The
// link's lock guards it.
type outbox struct {
	facts []Fact
	bytes int
	mark  Mark // of the last
	keys  map[Key]int
}

const (
	maxOutbox      = 20_000
	maxOutboxBytes = 16 << 20
	factCosts      = 96 // bytes besides its body
)

func (o *outbox) put(facts []Fact, mark Mark) (overflow bool) {
	if o.mark.before(mark) {
		o.mark = mark
	}
	if o.keys == nil {
		o.keys = map[Key]int{}
	}
	for _, f := range facts {
		o.facts = append(o.facts, f)
		o.keys[f.Key]++
		o.bytes += len(f.Body) + factCosts
	}
	if len(o.facts) <= maxOutbox && o.bytes <= maxOutboxBytes {
		return false
	}
	o.facts, o.bytes, o.keys = nil, 0, nil
	return true
}

// take takes out the first ones, as many as fit into one publication.
func (o *outbox) take() (facts []Fact) {
	n, bytes := 0, 0
	for n < min(len(o.facts), maxFacts) && bytes < publishBytes {
		bytes += len(o.facts[n].Body) + factCosts
		if key := o.facts[n].Key; o.keys[key] > 1 {
			o.keys[key]--
		} else {
			delete(o.keys, key)
		}
		n++
	}
	facts = o.facts[:n:n]
	o.facts, o.bytes = o.facts[n:], o.bytes-bytes
	if len(o.facts) == 0 {
		o.facts = nil
	}
	return facts
}

const (
	maxFacts     = MaxPublish - 8 // of one publication, besides what a node says of itself
	publishBytes = 512 << 10
)
