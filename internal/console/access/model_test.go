package access

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/moderation"
)

// A model is what a State should be, written without its tables: everything that was made, and when.
type model struct {
	state *State
	now   time.Time

	links    map[string]Viewer // by the secret, that nobody has used
	madeAt   map[string]time.Time
	order    []string          // of links
	sessions map[string]Viewer // by the cookie
	began    map[string]time.Time
	entered  []string               // of sessions, in order
	dead     map[moderation.ID]bool // sessions of moderators that have ended
	refused  map[string]bool        // users whose token was revoked
	streams  map[string][]func()    // that are open, by the cookie
	gone     []string               // cookies that were good once
}

func newModel() *model {
	m := &model{now: time.Unix(1_800_000_000, 0), links: map[string]Viewer{}, madeAt: map[string]time.Time{},
		sessions: map[string]Viewer{}, began: map[string]time.Time{}, dead: map[moderation.ID]bool{}, refused: map[string]bool{},
		streams: map[string][]func(){}}
	m.state = New(Options{Now: func() time.Time { return m.now }, Lives: func(id moderation.ID) bool { return !m.dead[id] }})
	return m
}

func sessionID(account string) moderation.ID { return moderation.NewID("print", "h", account) }

// good reports whether what a session rests on holds.
func (m *model) good(v Viewer) bool {
	if v.Operator {
		return v.UID != nil || !m.refused[v.User]
	}
	return !m.dead[v.Session]
}

// pushOut drops the oldest of those that are alike, until there is place for one more.
func pushOut[V any](order []string, all map[string]V, alike func(V) bool, most int) {
	for _, k := range order {
		n := 0
		for _, v := range all {
			if alike(v) {
				n++
			}
		}
		if n < most {
			return
		}
		if v, there := all[k]; there && alike(v) {
			delete(all, k)
		}
	}
}

func (m *model) expire() {
	maps.DeleteFunc(m.links, func(k string, v Viewer) bool {
		lasts := ModeratorLinkFor
		if v.Operator {
			lasts = OperatorLinkFor
		}
		return !m.now.Before(m.madeAt[k].Add(lasts))
	})
	for c := range m.sessions {
		if !m.now.Before(m.began[c].Add(SessionFor)) {
			m.end(c)
		}
	}
}

func (m *model) end(cookie string) {
	delete(m.sessions, cookie)
	m.gone = append(m.gone, cookie)
}

func (m *model) makeLink(t *rapid.T) {
	v := Viewer{Operator: rapid.Bool().Draw(t, "operator")}
	var secret string
	if v.Operator {
		uid := uint32(rapid.IntRange(0, 2).Draw(t, "uid"))
		v.UID, v.User = &uid, "root"
		secret, _ = m.state.OperatorLink(&uid, "root")
		pushOut(m.order, m.links, func(o Viewer) bool { return o.Operator }, maxOperatorLinks)
	} else {
		v.Account = fmt.Sprintf("m%d@h", rapid.IntRange(0, 2).Draw(t, "account"))
		v.Session = sessionID(v.Account)
		secret, _ = m.state.ModeratorLink(Moderator{Account: v.Account, Session: v.Session})
		m.expire()
		n := 0
		for _, o := range m.links {
			if o.Account == v.Account {
				n++
			}
		}
		if (secret == "") != (n >= maxLinksOf) {
			t.Fatalf("%q, and %d wait", secret, n)
		}
		if secret == "" {
			return
		}
	}
	m.links[secret], m.madeAt[secret] = v, m.now
	m.order = append(m.order, secret)
}

func (m *model) begin(t *rapid.T, v Viewer, cookie string) {
	alike, most := func(o Viewer) bool { return o.Operator }, maxOperators
	if !v.Operator {
		alike, most = func(o Viewer) bool { return o.Account == v.Account }, maxSessionsOf
	}
	before := maps.Clone(m.sessions)
	pushOut(m.entered, m.sessions, alike, most)
	for c := range before {
		if _, there := m.sessions[c]; !there {
			m.gone = append(m.gone, c)
		}
	}
	if _, known := m.sessions[cookie]; known || slices.Contains(m.gone, cookie) {
		t.Fatal("a cookie came twice")
	}
	m.sessions[cookie], m.began[cookie] = v, m.now
	m.entered = append(m.entered, cookie)
}

func (m *model) redeem(t *rapid.T) {
	if len(m.order) == 0 {
		return
	}
	secret := rapid.SampledFrom(m.order).Draw(t, "secret")
	want, good := m.links[secret]
	delete(m.links, secret)
	good = good && m.good(want)
	v, cookie, err := m.state.Redeem(secret)
	if (err == nil) != good || good && (v.Operator != want.Operator || v.Account != want.Account) {
		t.Fatalf("%+v, %v; want %+v, %v", v, err, want, good)
	}
	if good {
		m.begin(t, want, cookie)
	}
}

func (m *model) byToken(t *rapid.T) {
	user := fmt.Sprint("user", rapid.IntRange(0, 2).Draw(t, "user"))
	_, cookie, err := m.state.EnterByToken(Operator{Token: rand.Text(), Host: "h", Issuer: "i", User: user,
		Holds: func() bool { return !m.refused[user] }})
	if (err == nil) == m.refused[user] {
		t.Fatal(err)
	}
	if err == nil {
		m.begin(t, Viewer{Operator: true, User: user, Issuer: "i"}, cookie)
	}
}

func (m *model) openStream(t *rapid.T) {
	if len(m.entered) == 0 {
		return
	}
	cookie := rapid.SampledFrom(m.entered).Draw(t, "cookie")
	v, known := m.state.Viewer(cookie)
	if !known {
		return
	}
	done, err := m.state.Stream(v)
	ofAccount := 0
	for c, list := range m.streams {
		if o := m.sessions[c]; !v.Operator && o.Account == v.Account {
			ofAccount += len(list)
		}
	}
	if (err == nil) != (len(m.streams[cookie]) < maxStreamsOf && ofAccount < maxStreamsOfModerator) {
		t.Fatalf("stream %d: %v", len(m.streams[cookie])+1, err)
	}
	if err == nil {
		m.streams[cookie] = append(m.streams[cookie], done)
	}
}

func (m *model) closeStream(t *rapid.T) {
	for _, cookie := range m.entered {
		if open := m.streams[cookie]; len(open) > 0 {
			open[0]()
			m.streams[cookie] = open[1:]
			return
		}
	}
}

// check compares who is in with who should be, and looks at the bounds.
func (m *model) check(t *rapid.T) {
	m.expire()
	for c, v := range m.sessions {
		got, known := m.state.Viewer(c)
		if known != m.good(v) || known && (got.Operator != v.Operator || got.Account != v.Account || got.User != v.User) {
			t.Fatalf("%+v, %v; want %+v, %v", got, known, v, m.good(v))
		}
		if !known {
			m.end(c) // it has been looked at, and what it rests on is gone for good
		}
	}
	for _, c := range m.gone {
		if v, known := m.state.Viewer(c); known {
			t.Fatalf("%+v is back", v)
		}
	}
	for name, tab := range map[string]*table{"links": &m.state.links, "invited": &m.state.invited, "operators": &m.state.operators,
		"moderators": &m.state.moderators} {
		if len(tab.entries) > tab.most || len(tab.entries) != tab.order.Len() {
			t.Fatalf("%s: %d entries, %d in order", name, len(tab.entries), tab.order.Len())
		}
		n := 0
		for account, own := range tab.byAccount {
			if n += len(own); len(own) == 0 || len(own) > tab.mostOf {
				t.Fatalf("%s: %d of %s", name, len(own), account)
			}
		}
		if tab.mostOf > 0 && n != len(tab.entries) {
			t.Fatalf("%s: %d of accounts, %d in all", name, n, len(tab.entries))
		}
	}
	open := 0
	for _, list := range m.streams {
		open += len(list)
	}
	if m.state.open[streams].all != open {
		t.Fatalf("%d streams, want %d", m.state.open[streams].all, open)
	}
}

// TestModel: whatever comes in whatever order, those are in who should be, each link is good once, and nobody comes back.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel()
		t.Repeat(map[string]func(*rapid.T){
			"link":    m.makeLink,
			"redeem":  m.redeem,
			"token":   m.byToken,
			"stream":  m.openStream,
			"unwatch": m.closeStream,
			"leave": func(t *rapid.T) {
				if len(m.entered) > 0 {
					c := rapid.SampledFrom(m.entered).Draw(t, "cookie")
					if v, known := m.state.Viewer(c); known {
						m.state.Leave(v)
						m.end(c)
					}
				}
			},
			"end": func(t *rapid.T) {
				m.dead[sessionID(fmt.Sprintf("m%d@h", rapid.IntRange(0, 2).Draw(t, "account")))] = true
			},
			"revoke": func(t *rapid.T) { m.refused[fmt.Sprint("user", rapid.IntRange(0, 2).Draw(t, "user"))] = true },
			"wait": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 14*3600).Draw(t, "seconds")) * time.Second)
			},
			"moment": func(t *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "seconds")) * time.Second)
			},
			"": m.check,
		})
	})
}
