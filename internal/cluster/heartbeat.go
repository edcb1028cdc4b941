package cluster

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A heartbeat is what a node says of itself, every few seconds and in each scope.
type heartbeat struct {
	Started   time.Time     // this incarnation
	Machine   string        // what only this machine has
	State     string        // what only this node's state has
	Staleness time.Duration // max_staleness; 0: never refuses
	Usher     string        // its version
	Config    string        // hash of what the nodes' configurations must agree in
	Cell      string
	Own       sum64    // of what it has published, up to this entry
	Vital     sum64    // of the living facts without which nobody must be let in
	Wants     []string // nodes that are to publish again what they know
	Outbox    int      // changes that it has not published yet
	Writer    bool     // it changes rooms in its cell
	Asked     bool     // Prosody asks it
	Waits     bool     // for receipts: it may have lost those that were sent
	Refused   string   // why it does not serve, if it knows
}

const (
	beatStarted protowire.Number = 1 + iota
	beatMachine
	beatState
	beatStaleness
	beatUsher
	beatConfig
	beatCell
	beatOwnCount
	beatOwnXOR
	beatVitalCount
	beatVitalXOR
	beatOutbox
	beatWriter
	beatRefused
	beatAsked
	beatWaits
	lastOfBeat = beatWaits

	beatWants protowire.Number = 32 // may come several times
)

// The bounds of a heartbeat.
const (
	maxBeatText = 128
	maxWants    = 16 // nodes; the others are named by a later one
)

func (h *heartbeat) encode() []byte {
	var b []byte
	b = appendTime(b, beatStarted, h.Started)
	for _, f := range []struct {
		n    protowire.Number
		text string
	}{{beatMachine, h.Machine}, {beatState, h.State}, {beatUsher, h.Usher}, {beatConfig, h.Config}, {beatCell, h.Cell},
		{beatRefused, h.Refused}} {
		b = appendBytes(b, f.n, []byte(f.text[:min(len(f.text), maxBeatText)]))
	}
	b = appendUint(b, beatStaleness, uint64(h.Staleness))
	b = appendUint(b, beatOwnCount, uint64(h.Own.n))
	b = appendFixed(b, beatOwnXOR, h.Own.xor)
	b = appendUint(b, beatVitalCount, uint64(h.Vital.n))
	b = appendFixed(b, beatVitalXOR, h.Vital.xor)
	b = appendUint(b, beatOutbox, uint64(h.Outbox))
	b = appendBool(b, beatWriter, h.Writer)
	b = appendBool(b, beatAsked, h.Asked)
	b = appendBool(b, beatWaits, h.Waits)
	for _, node := range h.Wants[:min(len(h.Wants), maxWants)] {
		b = appendBytes(b, beatWants, []byte(node))
	}
	return b
}

func decodeHeartbeat(b []byte) (*heartbeat, error) {
	h := &heartbeat{}
	if err := walk(b, lastOfBeat, h.take); err != nil {
		return nil, err
	}
	return h, nil
}

// take takes over one field.
func (h *heartbeat) take(f wired) error {
	switch f.t {
	case protowire.BytesType:
		return h.takeText(f)
	case protowire.Fixed64Type:
		return h.takeFixed(f)
	}
	return h.takeUint(f)
}

func (h *heartbeat) takeText(f wired) error {
	texts := map[protowire.Number]*string{beatMachine: &h.Machine, beatState: &h.State, beatUsher: &h.Usher,
		beatConfig: &h.Config, beatCell: &h.Cell, beatRefused: &h.Refused}
	text := texts[f.n]
	switch {
	case text != nil && len(f.b) <= maxBeatText:
		*text = string(f.b)
	case f.n == beatWants && len(f.b) <= MaxNode && len(h.Wants) < maxWants:
		h.Wants = append(h.Wants, string(f.b))
	case f.n <= lastOfBeat || f.n == beatWants:
		return errWire
	}
	return nil
}

func (h *heartbeat) takeFixed(f wired) error {
	switch f.n {
	case beatStarted:
		h.Started = f.time()
	case beatOwnXOR:
		h.Own.xor = f.v
	case beatVitalXOR:
		h.Vital.xor = f.v
	default:
		return f.unknownIn(lastOfBeat)
	}
	return nil
}

func (h *heartbeat) takeUint(f wired) error {
	if f.v > math.MaxInt64 && f.n <= lastOfBeat {
		return errWire
	}
	switch f.n {
	case beatStaleness:
		h.Staleness = time.Duration(f.v)
	case beatOwnCount:
		h.Own.n = int(f.v)
	case beatVitalCount:
		h.Vital.n = int(f.v)
	case beatOutbox:
		h.Outbox = int(f.v)
	case beatWriter:
		h.Writer = f.v == 1
	case beatAsked:
		h.Asked = f.v == 1
	case beatWaits:
		h.Waits = f.v == 1
	default:
		return f.unknownIn(lastOfBeat)
	}
	return nil
}

// unknownIn is the error of a field that is known, but not of this type.
func (f wired) unknownIn(last protowire.Number) error {
	if f.n <= last {
		return errWire
	}
	return nil
}

// A receipt says what a node has in its journal of what others published.
type receipt map[string]receiptOf // by node

type receiptOf struct{ incarnation, number uint64 }

const (
	receiptNode        protowire.Number = 1 // begins the next one
	receiptIncarnation protowire.Number = 2
	receiptNumber      protowire.Number = 3

	maxReceipt = 64 // nodes in one
)

func (r receipt) encode() []byte {
	var b []byte
	for node, of := range r {
		b = appendBytes(b, receiptNode, []byte(node))
		b = appendFixed(b, receiptIncarnation, of.incarnation)
		b = appendUint(b, receiptNumber, of.number)
	}
	return b
}

func decodeReceipt(b []byte) (receipt, error) {
	r, node := receipt{}, ""
	err := walk(b, 0, func(f wired) error {
		of := r[node]
		switch {
		case f.n == receiptNode && f.t == protowire.BytesType && len(f.b) <= MaxNode && len(r) < maxReceipt:
			node = string(f.b)
			return nil
		case f.n == receiptIncarnation && f.t == protowire.Fixed64Type:
			of.incarnation = f.v
		case f.n == receiptNumber && f.t == protowire.VarintType:
			of.number = f.v
		default:
			return f.unknownIn(receiptNumber)
		}
		r[node] = of
		return nil
	})
	for _, of := range r {
		if of.incarnation == 0 || of.number == 0 {
			err = errWire
		}
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}
