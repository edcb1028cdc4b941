package relay

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// check holds what must be true at any time.
func (m *model) check(t *rapid.T) {
	if m.exists && m.last.passed && !m.last.forGood && !m.last.dropped {
		for name := range m.inRoom {
			if !slices.Contains(opens[m.last.token], name) {
				t.Fatalf("%s has rights in %s", m.last, name)
			}
		}
	}
	if n := len(m.streams.lost.list); n > 1 {
		t.Fatalf("%d lost streams are kept of one", n)
	}
	if m.settled() {
		m.checkOwner(t)
	}
	for _, c := range m.conns {
		if c.gone && slices.Contains(m.streams.running["u-1@"+host], c.s) {
			t.Fatalf("%s is gone, and stays", c)
		}
	}
}

// settled reports whether usher has read all that tells which connection Prosody serves.
func (m *model) settled() bool {
	o := m.owner
	if o == nil || !o.passed || o.ended || len(o.down) > 0 {
		return false
	}
	return !slices.ContainsFunc(m.conns, func(c *conn) bool {
		return c != o && (c.reading || (c.asked || c == m.conns[0]) && !c.ended)
	})
}

// checkOwner: the connection that Prosody serves has all its rooms, is the one that counts, and is the one that is
// remembered.
func (m *model) checkOwner(t *rapid.T) {
	o := m.owner
	if _, _, holds := o.s.held(); !holds || !slices.Contains(m.streams.running["u-1@"+host], o.s) {
		t.Fatalf("%s does not hold its stream", o)
	}
	if m.known && m.token != o.token {
		t.Fatalf("%s: the stream is kept for %q: %v", o, m.token, m.known)
	}
	now := o.s.shown.places()
	for name := range m.inRoom {
		if now.rooms[roomOfModel(name)] == "" && !m.dark {
			t.Fatalf("%s: usher does not know of %s", o, name)
		}
		if !now.partly && !slices.Contains(now.asked, roomOfModel(name)) {
			t.Fatalf("%s: usher has forgotten that it asked for %s", o, name)
		}
	}
}

// revokes ends the account, lets all be read that is on its way, and wants nothing to live.
func (m *model) revokes(t *rapid.T) {
	m.deep, m.revoked = 1, true
	settled, o := m.settled(), m.owner
	in := maps.Clone(m.inRoom)
	m.streams.End("u-1@"+host, "x")
	for name := range in {
		isOf := func(p string) bool { return strings.Contains(p, roomOfModel(name)+"/n") }
		if settled && !m.dark && !slices.ContainsFunc(o.shownOut, isOf) {
			t.Fatalf("%s is not shown out of %s", o, name)
		}
	}
	for more := true; more; {
		more = false
		for _, c := range m.conns {
			switch {
			case len(c.up) > 0:
				m.prosodyReads(c)
			case c.readable():
				c.usherReads()
			default:
				continue
			}
			more = true
		}
	}
	if m.owner != nil && !m.owner.ended {
		t.Fatalf("%s lives on", m.owner)
	}
	for _, c := range m.conns {
		c.end(false)
		if !c.gone {
			c.gone = true
			c.s.Gone(false)
		}
	}
	if n := len(m.streams.running); n > 0 {
		t.Fatalf("%d accounts have streams when all are gone", n)
	}
}

// TestModel plays a stream that several connections take up, in any order of what its sides read, and holds that none
// has rights in a room that its token does not open, and that the one that Prosody serves is known for all that it is.
func TestModel(t *testing.T) {
	for range 20 { // some orders are hit on once in a thousand
		rapid.Check(t, playModel)
	}
}

func playModel(t *rapid.T) {
	m := newModel(t)
	if rapid.IntRange(0, 3).Draw(t, "races") == 0 {
		m.races()
	}
	n := rapid.IntRange(20, 80).Draw(t, "n")
	for range n {
		if name := rapid.SampledFrom(append(steps, "forgets")).Draw(t, "do"); name == "forgets" {
			if rapid.IntRange(0, 5).Draw(t, "really") == 0 {
				m.forgets()
			}
		} else {
			m.step(name)
		}
		m.check(t)
	}
	m.revokes(t)
}
