package swap_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
)

// A model is a client and a Prosody, both with XEP-0198, and a gateway between them
// that refuses some stanzas. Connections are lost at any moment, with what is on the
// way, and the stream is resumed; the gateway is started anew.
type model struct {
	t      *testing.T
	random *rand.Rand
	key    *swap.Key

	client, prosody end
	up, down        []string // on the way to Prosody, and to the client
	answers         map[string]int
	asked           map[string]string // id of a refused stanza: its address
	served          map[string]int    // ids that Prosody served
}

// An end is one side of XEP-0198: it counts what it got, and keeps what it sent until
// the other side has counted it.
type end struct {
	sent, handled int
	unacked       []string
}

func (e *end) send(way *[]string, stanza string) {
	e.sent++
	e.unacked = append(e.unacked, stanza)
	*way = append(*way, stanza)
}

// acknowledged drops what the other side has counted.
func (e *end) acknowledged(t *testing.T, h int) {
	t.Helper()
	first := e.sent - len(e.unacked)
	if h < first || h > e.sent {
		t.Fatalf("acknowledged %d stanzas of %d sent, %d of them before", h, e.sent, first)
	}
	e.unacked = e.unacked[h-first:]
}

const refusedAddress = "closed@c/n"

func (m *model) clientSends() {
	id := fmt.Sprint(m.client.sent + 1)
	kind := []string{"iq", "presence", "message"}[m.random.IntN(3)]
	of := []string{"set", "get", "result", "error", "unavailable", ""}[m.random.IntN(6)]
	to := []string{refusedAddress, "open@c/n"}[m.random.IntN(2)]
	m.client.send(&m.up, fmt.Sprintf(`<%s xmlns="jabber:client" type="%s" to="%s" id="%s"/>`, kind, of, to, id))
}

// upwards takes the oldest stanza to Prosody, through the gateway.
func (m *model) upwards() {
	if len(m.up) == 0 {
		return
	}
	e := read(m.t, m.up[0])
	m.up = m.up[1:]
	m.prosody.handled++
	if e.Attribute("to") != refusedAddress {
		m.served[e.Attribute("id")]++
		return
	}
	r, answered := swap.Refuse(e, swap.RoomMismatch)
	if !answered {
		return // Silence: Prosody counts it, and has nothing to say
	}
	m.asked[r.ID] = kindName(e)
	ping, ok := m.key.Wrap(host, full, r)
	if !ok {
		m.t.Fatalf("%v cannot be refused", e)
	}
	of := []string{"result", "error"}[m.random.IntN(2)] // a host may have no mod_ping
	m.prosody.send(&m.down, pong(m.t, ping, of))
}

func kindName(e stanza.Element) string { return e.Name.Local }

// downwards takes the oldest stanza to the client, through the gateway.
func (m *model) downwards() {
	if len(m.down) == 0 {
		return
	}
	e := read(m.t, m.down[0])
	m.down = m.down[1:]
	if answer, ok := m.key.Unwrap(host, full, e); ok {
		e = read(m.t, string(answer))
	}
	m.client.handled++
	id := e.Attribute("id")
	if m.asked[id] == e.Name.Local && e.Attribute("type") == "error" && e.Attribute("from") == refusedAddress {
		m.answers[id]++
	} else if !strings.HasPrefix(id, "ushr.") {
		m.t.Fatalf("the client gets %s, which it did not ask for", e)
	}
}

// resume loses the connections, and each side sends again what the other has not
// counted.
func (m *model) resume() {
	m.up, m.down = nil, nil
	m.client.acknowledged(m.t, m.prosody.handled)
	m.prosody.acknowledged(m.t, m.client.handled)
	m.up = append(m.up, m.client.unacked...)
	m.down = append(m.down, m.prosody.unacked...)
}

func (m *model) step(keyLost bool) {
	switch n := m.random.IntN(100); {
	case n < 30:
		m.clientSends()
	case n < 60:
		m.upwards()
	case n < 90:
		m.downwards()
	case n < 94:
		m.client.acknowledged(m.t, m.prosody.handled)
	case n < 97:
		m.prosody.acknowledged(m.t, m.client.handled)
	default:
		if keyLost {
			m.key = &swap.Key{byte(m.random.IntN(256))} // the state is lost, and the key with it
		}
		m.resume()
	}
}

// Whatever is refused, lost, resumed and restarted: what the client sent is what
// Prosody handled and acknowledged, and the reverse; each refused stanza that has an
// answer gets exactly one. Where the key was lost an answer may be missing, but no
// count is wrong.
func TestNothingIsLostOrAdded(t *testing.T) {
	for seed := range uint64(300) {
		for _, keyLost := range []bool{false, true} {
			m := &model{t: t, random: rand.New(rand.NewPCG(seed, 1)), key: key(),
				answers: map[string]int{}, asked: map[string]string{}, served: map[string]int{}}
			for range 300 {
				m.step(keyLost)
			}
			for len(m.up)+len(m.down) > 0 {
				m.upwards()
				m.downwards()
			}
			m.check(keyLost)
		}
	}
}

func (m *model) check(keyLost bool) {
	m.t.Helper()
	m.client.acknowledged(m.t, m.prosody.handled)
	m.prosody.acknowledged(m.t, m.client.handled)
	if len(m.client.unacked) > 0 || len(m.prosody.unacked) > 0 {
		m.t.Fatalf("%d and %d stanzas were never handled", len(m.client.unacked), len(m.prosody.unacked))
	}
	if len(m.asked)+len(m.served) > m.client.sent {
		m.t.Fatalf("%d asked, %d served, of %d sent", len(m.asked), len(m.served), m.client.sent)
	}
	for id := range m.asked {
		if n := m.answers[id]; n > 1 || n == 0 && !keyLost {
			m.t.Fatalf("stanza %s was answered %d times", id, n)
		}
	}
	for id, n := range m.served {
		if n != 1 {
			m.t.Fatalf("stanza %s was served %d times", id, n)
		}
	}
}
