package relay

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"usher/auth"
	"usher/auth/relayauth"
)

// modelLogins are the logins of a model.
type modelLogins struct {
	logins
	m *model
}

func (l *modelLogins) of(login *relayauth.Login) *conn {
	i := slices.IndexFunc(l.m.conns, func(c *conn) bool { return c.login == login })
	return l.m.conns[i]
}

func (l *modelLogins) MayResume(login *relayauth.Login, _, _ string) (string, bool) {
	return "u-1", l.m.known && l.of(login).found == l.m.token
}

func (l *modelLogins) StillGood(_ context.Context, login *relayauth.Login) error {
	c := l.of(login)
	if c.s != nil && c.s.Bound() {
		l.m.meanwhile(c)
	}
	if l.m.revoked {
		return auth.Refuse(auth.ReasonRevoked, "as asked")
	}
	return nil
}

func (l *modelLogins) Record(_ context.Context, login *relayauth.Login, _, _ string) error {
	l.m.meanwhile(l.of(login))
	return nil
}

func (l *modelLogins) RememberStream(_ context.Context, login *relayauth.Login, _, _, _ string) error {
	l.m.meanwhile(l.of(login))
	l.m.known, l.m.token = true, login.ID.TokenPrint
	return nil
}

func (l *modelLogins) StreamEnded(_, _ string, forGood bool) { l.m.known = l.m.known && !forGood }

// modelRooms are the rooms of a model.
type modelRooms struct {
	rooms
	m *model
}

func (r *modelRooms) Join(_ context.Context, q JoinRequest) JoinAnswer {
	id := auth.Identity{TokenPrint: q.TokenPrint}
	return JoinAnswer{Allowed: r.Opens(id, "", bareOf(q.To)), Reason: "room_mismatch"}
}

func (r *modelRooms) Opens(id auth.Identity, _, room string) bool {
	r.m.meanwhile(nil)
	name, _, _ := strings.Cut(room, "@")
	return slices.Contains(opens[id.TokenPrint], name)
}

func (r *modelRooms) Resumed(string)                             {}
func (r *modelRooms) Entered(context.Context, JoinRequest) error { return nil }
func (r *modelRooms) Left(JoinRequest)                           {}
func (r *modelRooms) Disconnected(string)                        {}

// prosodyReads has Prosody take what a connection has sent first.
func (m *model) prosodyReads(c *conn) {
	what, name, _ := strings.Cut(c.up[0], " ")
	c.up = c.up[1:]
	switch {
	case what == "resume" && !m.exists:
		c.down = append(c.down, "failed")
	case what == "resume":
		c.down = append(append(c.down, "resumed"), m.unacked...)
		if m.owner != nil {
			m.owner.down = append(m.owner.down, "eof")
		}
		m.owner, m.last = c, c
	case c != m.owner:
	case what == "close":
		m.prosodyEnds()
	case what == "eof":
		m.owner = nil
	case what == "join" && !m.inRoom[name]:
		m.inRoom[name] = true
		m.says("enters " + name)
	case what == "leave" && m.inRoom[name]:
		delete(m.inRoom, name)
		m.says("leaves " + name)
	}
}

// says sends something to the stream's client, and once more to the connection that resumes it, as no client
// acknowledges anything here.
func (m *model) says(what string) {
	m.owner.down = append(m.owner.down, what)
	m.unacked = append(m.unacked, what)
}

func (m *model) prosodyEnds() {
	m.exists, m.owner, m.inRoom = false, nil, map[string]bool{}
}

// usherReads has usher judge what Prosody has sent to a connection first.
func (c *conn) usherReads() {
	what, name, _ := strings.Cut(c.down[0], " ")
	c.down = c.down[1:]
	occupant := roomOfModel(name) + "/n"
	c.reading = true
	defer func() { c.reading = false }()
	switch what {
	case "eof", "failed":
		c.end(false)
	case "enters":
		c.passes(c.fromProsody(shownIn(occupant, "", self)))
	case "leaves":
		c.passes(c.fromProsody(shownIn(occupant, ` type="unavailable"`, self)))
	case "resumed":
		if v := c.resumed(); v.End != nil {
			c.refused = true
			c.end(true)
			return
		}
		c.passed = true
	}
}

// resumed has usher read that a stream was resumed. Its client may ask for rooms meanwhile.
func (c *conn) resumed() (v Verdict) {
	if c.ended || rapid.IntRange(0, 3).Draw(c.m.t, "asks as it is bound") > 0 {
		return c.fromProsody(back)
	}
	c.m.deep++
	c.m.streams.mu.Lock()
	var judged sync.WaitGroup
	judged.Go(func() { v = c.fromProsody(back) })
	for !c.s.Bound() {
		runtime.Gosched()
	}
	c.joins()
	c.m.streams.mu.Unlock()
	judged.Wait()
	c.m.deep--
	return v
}

func (m *model) forgets() {
	m.streams.lost, m.dark = lostStreams{}, true
}

// races has two resume at the same moment, and usher read of the last first, which random steps hit on seldom.
func (m *model) races() {
	first, last := m.connect(), m.connect()
	for _, c := range []*conn{first, last} {
		c.authenticates()
		c.asks()
	}
	for _, c := range []*conn{first, last} {
		for len(c.up) > 0 {
			m.prosodyReads(c)
		}
	}
	for _, c := range []*conn{last, first} {
		if c.readable() {
			c.usherReads()
		}
	}
}
