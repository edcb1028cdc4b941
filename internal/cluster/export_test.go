package cluster

import "time"

// HeartbeatRoundTrip reads a heartbeat and writes it again.
func HeartbeatRoundTrip(b []byte) ([]byte, error) {
	h, err := decodeHeartbeat(b)
	if err != nil {
		return nil, err
	}
	return h.encode(), nil
}

// ReceiptRoundTrip reads a receipt and writes it again, if it is of one node.
func ReceiptRoundTrip(b []byte) (written []byte, nodes int, err error) {
	r, err := decodeReceipt(b)
	if err != nil {
		return nil, 0, err
	}
	return r.encode(), len(r), nil
}

// SampleHeartbeat is one with all that it can have.
func SampleHeartbeat() []byte {
	h := heartbeat{Started: time.Unix(1, 2), Machine: "m", State: "s", Staleness: time.Minute, Usher: "v1", Config: "c",
		Cell: "shard1", Own: sum64{3, 1 << 63}, Vital: sum64{4, 5}, Wants: []string{"a", "b"}, Outbox: 6, Writer: true,
		Asked: true, Refused: "too old"}
	return h.encode()
}

// SampleReceipt is one about a node.
func SampleReceipt() []byte { return receipt{"a": {7, 8}}.encode() }

// Median is the middle of clocks.
func Median(list ...time.Duration) time.Duration { return median(list) }

// A Living is a set of things that end.
type Living struct{ living }

// NewLiving returns an empty one.
func NewLiving() *Living { return &Living{newLiving()} }

// Put inserts or replaces a fact.
func (l *Living) Put(f Fact) { l.put(&f) }

// SumAt returns how many there are at a time, and what stands for them.
func (l *Living) SumAt(now time.Time) (n int, xor uint64) {
	s := l.sumAt(now)
	return s.n, s.xor
}

// Waiting returns how many ends are kept in order.
func (l *Living) Waiting() int { return len(l.ends) }

// SignPayload puts another payload into an entry, and signs it.
func SignPayload(k *Keys, scope Scope, s Sealed, payload []byte) Sealed {
	s.Value = append(s.Value[:payloadsAt:payloadsAt], payload...)
	k.sign(s.Value[1:payloadsAt], scope, &s, s.Value[payloadsAt:])
	return s
}
