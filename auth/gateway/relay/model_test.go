package relay

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"usher/auth/gateway/stanza"
	"usher/auth/gateway/swap"
	"usher/auth/relayauth"
)

// opens are the rooms of each token. All are one person's, and each gives other rights.
var opens = map[string][]string{"all": {"r0", "r1", "r2"}, "zero": {"r0"}, "one": {"r1"}, "two": {"r2"}}

func roomOfModel(name string) string { return name + "@conference.meet.example.com" }

// A model is one stream at Prosody, and the connections that have it, one after the other, or want to have it.
type model struct {
	t       *rapid.T
	streams *Streams
	conns   []*conn
	revoked bool
	dark    bool // usher has forgotten rooms
	deep    int  // of what is done while something else is

	// What usher's state keeps of the stream.
	known   bool
	token   string
	inRoom  map[string]bool // those in which Prosody has it
	exists  bool            // at Prosody
	owner   *conn           // the connection that Prosody serves; nil: it waits for one
	last    *conn           // the one that it resumed last
	unacked []string        // what the owner was sent
}

// A conn is one connection of a client, through usher to Prosody.
type conn struct {
	m        *model
	name     string
	token    string
	found    string // the stream's token, as it began
	login    *relayauth.Login
	s        *Stream
	up, down []string // what Prosody, and what usher has not read yet
	asked    bool     // to resume
	passed   bool     // the client was told of its account
	refused  bool
	ended    bool
	forGood  bool
	gone     bool
	dropped  bool // gone before Prosody has answered
	reading  bool // what Prosody says is being judged
	speaking bool // what the client says is
	shownOut []string
}

func (c *conn) String() string { return c.name + " by " + c.token }

// Leave implements [Connection].
func (c *conn) Leave(f Farewell) {
	for _, p := range f.Presences {
		c.shownOut = append(c.shownOut, string(p))
	}
	c.end(true)
}

// Cut implements [Connection].
func (c *conn) Cut() { c.end(false) }

func (c *conn) end(forGood bool) {
	if c.ended {
		return
	}
	c.ended, c.forGood = true, forGood
	c.s.Ended(forGood)
	if forGood {
		c.up = append(c.up, "close")
	}
	c.up = append(c.up, "eof")
}

func newModel(t *rapid.T) *model {
	m := &model{t: t, inRoom: map[string]bool{}, deep: 1}
	m.streams = NewStreams(Options{Logins: &modelLogins{m: m}, Rooms: &modelRooms{m: m}, Swap: &swap.Key{1},
		Finish: func([]Lost) { m.prosodyEnds() }})
	c := m.connect()
	c.login.Resumes = ""
	c.authenticates()
	c.passes(c.fromClient(bind))
	m.exists, m.owner, m.last = true, c, c
	c.passes(c.fromProsody(mine))
	c.passes(c.fromProsody(on))
	c.passed, m.deep = true, 0
	return m
}

func read(s string) stanza.Element {
	e, err := stanza.Parse([]byte(s))
	if err != nil {
		panic(fmt.Sprint(s, err))
	}
	return e
}

func (c *conn) fromClient(s string) Verdict  { return c.s.FromClient(context.Background(), read(s)) }
func (c *conn) fromProsody(s string) Verdict { return c.s.FromProsody(context.Background(), read(s)) }

func (c *conn) passes(v Verdict) {
	if v.Replace != nil || v.Answer != nil || v.End != nil {
		c.m.t.Fatalf("%s: %+v", c, v)
	}
}

// connect is a login by any of the tokens that wants to resume the stream.
func (m *model) connect() *conn {
	token := m.token
	if m.conns == nil || rapid.Bool().Draw(m.t, "another token") {
		token = rapid.SampledFrom(slices.Sorted(maps.Keys(opens))).Draw(m.t, "token")
	}
	c := &conn{m: m, name: fmt.Sprint("c", len(m.conns)), token: token, found: m.token, login: &relayauth.Login{}}
	c.login.ID.TokenPrint, c.login.Resumes, c.login.NewRights = token, "u-1", token != m.token
	m.conns = append(m.conns, c)
	c.s = m.streams.New(Client{Login: c.login, Host: host, Resumption: "sm-1", Connection: c})
	return c
}

func (c *conn) authenticates() {
	c.passes(c.fromProsody(limits))
	c.passes(c.fromClient(anon))
	c.passes(c.fromProsody(yes))
	c.passes(c.fromClient(open))
}

// any draws one of the connections of which something is true.
func (m *model) any(what func(*conn) bool) *conn {
	var list []*conn
	for _, c := range m.conns {
		if what(c) {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return rapid.SampledFrom(list).Draw(m.t, "conn")
}

// meanwhile does something else while usher is asking about a connection.
func (m *model) meanwhile(*conn) {
	if m.deep > 0 || rapid.IntRange(0, 3).Draw(m.t, "meanwhile") > 0 {
		return
	}
	m.deep++
	for range rapid.IntRange(1, 4).Draw(m.t, "steps") {
		m.step(rapid.SampledFrom(steps).Draw(m.t, "step"))
	}
	m.deep--
}

var steps = []string{"connects", "asks", "prosody", "prosody", "usher", "usher", "joins", "joins", "leaves", "ends",
	"goes", "drops"}

func (m *model) step(name string) {
	switch name {
	case "connects":
		living := slices.DeleteFunc(slices.Clone(m.conns), func(c *conn) bool { return c.gone })
		if len(living) < 4 && m.known && !m.revoked {
			c := m.connect()
			if c.authenticates(); rapid.Bool().Draw(m.t, "asks") && !c.speaking && !c.ended {
				c.asks()
			}
		}
	case "asks":
		if c := m.any(func(c *conn) bool { return !c.asked && !c.ended && !c.passed }); c != nil {
			c.asks()
		}
	case "prosody":
		if c := m.any(func(c *conn) bool { return len(c.up) > 0 }); c != nil {
			m.prosodyReads(c)
		}
	case "usher":
		if c := m.any((*conn).readable); c != nil {
			c.usherReads()
		}
	case "joins":
		if c := m.any((*conn).speaks); c != nil {
			c.joins()
		}
	case "leaves":
		if c := m.any((*conn).speaks); c != nil {
			c.up = append(c.up, "leave "+rapid.SampledFrom(opens["all"]).Draw(m.t, "room"))
		}
	case "ends":
		if c := m.any(func(c *conn) bool { return !c.ended }); c != nil {
			c.end(rapid.IntRange(0, 3).Draw(m.t, "for good") == 0)
		}
	case "drops": // as BOSH has it, where what Prosody answers to that is read as before
		if c := m.any(func(c *conn) bool { return c.asked && !c.ended && !c.passed && !c.speaking }); c != nil {
			c.ended, c.dropped, c.gone = true, true, true
			c.up = append(c.up, "close", "eof")
			c.s.Gone(true)
		}
	case "goes":
		if c := m.any(func(c *conn) bool { return c.ended && !c.gone && !c.reading && !c.speaking }); c != nil {
			c.gone = true
			c.s.Gone(false)
		}
	}
}

// speaks reports whether what its client says passes.
func (c *conn) speaks() bool { return !c.ended && !c.speaking && c.s.Bound() }

// readable: what Prosody says is not judged once the client is told that the stream is over.
func (c *conn) readable() bool {
	return len(c.down) > 0 && (!c.gone || c.dropped) && !c.forGood && !c.reading
}

func (c *conn) asks() {
	c.asked, c.speaking = true, true
	v := c.fromClient(again)
	if c.speaking = false; v.Answer != nil {
		c.refused = true
		c.end(false)
		return
	}
	if !c.ended {
		c.up = append(c.up, "resume")
	}
}

func (c *conn) joins() {
	name := rapid.SampledFrom(opens["all"]).Draw(c.m.t, "room")
	c.speaking = true
	v := c.fromClient(presence(roomOfModel(name)+"/n", "", mucX))
	if c.speaking = false; v.Replace == nil && v.End == nil && !c.ended {
		c.up = append(c.up, "join "+name)
	}
}
