package index

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"usher/internal/guard"
	"usher/moderation"
)

// A model is what an Index says, in lists: in the order in which they logged in.
type model struct {
	list    []*Session
	of      map[*Session]moderation.Session
	due     map[*Session]int64
	resumed map[string]*Session
}

func (m *model) drop(g *Session) {
	m.list = slices.DeleteFunc(m.list, func(o *Session) bool { return o == g })
	maps.DeleteFunc(m.resumed, func(_ string, o *Session) bool { return o == g })
	delete(m.of, g)
}

func (m *model) pick(yes func(moderation.Session) bool) (list []*Session) {
	for _, g := range m.list {
		if yes(m.of[g]) {
			list = append(list, g)
		}
	}
	return list
}

// TestModel: whatever comes and goes, in whatever order, an Index finds what lists find; also where many share a hash.
func TestModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x, m := New(), &model{of: map[*Session]moderation.Session{}, due: map[*Session]int64{}, resumed: map[string]*Session{}}
		clock := int64(1_800_000_000_000_000_000)
		draw := func() moderation.Session {
			s := moderation.Session{Host: rapid.SampledFrom([]string{"h", "i"}).Draw(r, "host"), Issuer: "my-app",
				Account: fmt.Sprint("user", rapid.IntRange(0, 5).Draw(r, "account")), TokenPrint: fmt.Sprintf("%032x", rapid.IntRange(0, 9).Draw(r, "token")),
				KeyPrint: rapid.SampledFrom([]string{"k1", "k2"}).Draw(r, "key"), Moderator: rapid.Bool().Draw(r, "moderator")}
			if rapid.Bool().Draw(r, "user") {
				s.User = s.Account
			} else {
				s.Random = true
				s.Resumption = rapid.SampledFrom([]string{"", "r1", "r2"}).Draw(r, "resumption")
			}
			s.Rooms = rapid.SampledFrom([][]string{nil, {"one"}, {"one", "two"}, {"*"}, {}}).Draw(r, "rooms")
			s.ID = moderation.NewID(s.TokenPrint, s.Host, s.Account)
			return s
		}
		put := func(s moderation.Session, oldest bool) {
			clock++
			s.LoggedIn, s.Used = time.Unix(0, clock), time.Unix(0, clock)
			l := NewLogin(&s)
			if at := rapid.Int64Range(0, 100).Draw(r, "due"); true {
				l.Schedule(time.Unix(0, at))
				m.due[l.Session] = at
			}
			same := m.pick(func(o moderation.Session) bool { return o.ID == s.ID })
			if oldest && len(same) > 0 {
				return // a start takes the newest login alone
			}
			for _, old := range same {
				m.drop(old)
			}
			if oldest {
				m.list = slices.Insert(m.list, 0, l.Session)
				x.InsertOlder(l)
			} else {
				m.list = append(m.list, l.Session)
				x.Insert(l)
			}
			m.of[l.Session] = s
			if s.Resumption != "" && (!oldest || m.resumed[s.Resumption] == nil) {
				m.resumed[s.Resumption] = l.Session
			}
		}
		any := func() *Session {
			if len(m.list) == 0 {
				r.Skip("there is none")
			}
			return rapid.SampledFrom(m.list).Draw(r, "which")
		}
		r.Repeat(map[string]func(*rapid.T){
			"insert": func(*rapid.T) { put(draw(), false) },
			"older":  func(*rapid.T) { put(draw(), true) },
			"remove": func(*rapid.T) {
				g := any()
				x.Remove(g)
				m.drop(g)
			},
			"due": func(r *rapid.T) {
				g, at := any(), rapid.Int64Range(0, 100).Draw(r, "at")
				x.SetDue(g, time.Unix(0, at))
				m.due[g] = at
			},
			"not due": func(*rapid.T) {
				g := any()
				x.NotDue(g)
				m.due[g] = 1 << 60
			},
			"": func(r *rapid.T) { m.check(r, x) },
		})
	})
}

func (m *model) check(r *rapid.T, x *Index) {
	same := func(what string, got, want []*Session, ordered bool) {
		if !ordered {
			byTime := func(a, b *Session) int { return cmp.Compare(a.loggedIn, b.loggedIn) }
			slices.SortFunc(got, byTime)
			slices.SortFunc(want, byTime)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("%s: %d, want %d", what, len(got), len(want))
		}
	}
	everything := Gather(&guard.RWMutex{}, x, 0, func(g *Session) (*Session, bool) { return g, true })
	same("all", everything, slices.Clone(m.list), false)
	same("some", slices.Collect(x.Some()), slices.Clone(m.list), false)
	if x.Len() != len(m.list) {
		r.Fatalf("%d of %d", x.Len(), len(m.list))
	}
	keys := map[string]bool{}
	for _, g := range m.list {
		s := m.of[g]
		keys[s.Host+s.KeyPrint] = true
		if x.Get(s.ID) != g || !x.Has(g) {
			r.Fatalf("%s is not there", s.JID())
		}
		if got := x.ResumptionOf(g); got != s.Resumption {
			r.Fatalf("%s is resumed by %q, not %q", s.JID(), got, s.Resumption)
		}
		same("account", slices.Collect(x.OfAccount(g.Account())), m.pick(func(o moderation.Session) bool { return o.JID() == s.JID() }), true)
		of := m.pick(func(o moderation.Session) bool { return o.Principal() == s.Principal() })
		same("principal", x.OfPrincipal(g.Principal()), of, false)
		if len(of) > 1 {
			same("some of a principal", slices.Collect(x.SomeOf(g.Principal())), of, false)
		}
		same("token", x.WithToken(s.TokenPrint), m.pick(func(o moderation.Session) bool { return o.TokenPrint == s.TokenPrint }), false)
	}
	for _, host := range []string{"h", "i"} {
		wildcards := m.pick(func(o moderation.Session) bool { return o.Host == host && o.Wildcard() })
		same("wildcards", x.Wildcards(host), wildcards, true)
		for _, room := range []string{"one", "two"} {
			for _, moderators := range []bool{true, false} {
				want := m.pick(func(o moderation.Session) bool {
					return o.Host == host && o.Moderator == moderators && slices.Contains(o.Rooms, room)
				})
				slices.Reverse(want)
				same("room", x.LastOfRoom(RoomKey{host, room}, moderators, 100), want, true)
			}
		}
	}
	if sources := x.Sources(&guard.RWMutex{}); len(sources) != len(keys) {
		r.Fatalf("%d sources of %d", len(sources), len(keys))
	}
	for print, g := range m.resumed {
		if x.Resumable(print) != g {
			r.Fatalf("%q is another's stream", print)
		}
	}
	if first := x.Due(time.Unix(0, 1<<59)); len(m.list) > 0 {
		least := slices.MinFunc(m.list, func(a, b *Session) int { return cmp.Compare(m.due[a], m.due[b]) })
		if (first == nil) != (m.due[least] == 1<<60) || first != nil && m.due[first] != m.due[least] {
			r.Fatalf("due is %v, want %d", first, m.due[least])
		}
	} else if first != nil {
		r.Fatal("one is due that is no more")
	}
}

// TestWildcardsAreOfMany: one that logs in again and again takes one place among the last, and one that has ended none.
func TestWildcardsAreOfMany(t *testing.T) {
	x := New()
	logIn := func(account string) *Session {
		s := moderation.Session{Host: "h", Account: account, TokenPrint: account, Rooms: []string{"*"}}
		s.ID = moderation.NewID(s.TokenPrint, s.Host, s.Account)
		l := NewLogin(&s)
		x.Insert(l)
		return l.Session
	}
	first := logIn("first")
	for range maxWildcards {
		logIn("again")
	}
	if got := x.Wildcards("h"); len(got) != 2 || got[0] != first {
		t.Errorf("%d, want the first one and the one that came again", len(got))
	}
	for i := range maxWildcards {
		x.Remove(logIn(fmt.Sprint("gone", i)))
	}
	if got := x.Wildcards("h"); len(got) != 2 || got[0] != first {
		t.Errorf("%d, want the two that have not ended", len(got))
	}
	for i := range maxWildcards {
		logIn(fmt.Sprint("later", i))
	}
	if got := x.Wildcards("h"); len(got) != maxWildcards || got[0] == first {
		t.Errorf("%d, want the last %d", len(got), maxWildcards)
	}
}

// TestNoLongChain: however many log in with one token of one user, nothing goes through all of them to find one: behind a
// relay each login has an account of its own.
func TestNoLongChain(t *testing.T) {
	x := New()
	var all []*Session
	for i := range 2000 {
		s := moderation.Session{Host: "h", Account: fmt.Sprint("drawn", i), Random: true, User: "guest", Issuer: "my-app",
			TokenPrint: fmt.Sprintf("%032x", 7)}
		s.ID = moderation.NewID(s.TokenPrint, s.Host, s.Account)
		l := NewLogin(&s)
		x.Insert(l)
		all = append(all, l.Session)
	}
	for name, c := range map[string]*chains{"id": &x.ids, "account": &x.accounts, "principal": &x.who.one, "token": &x.withToken.one} {
		for hash := range c.first {
			if n := len(slices.Collect(c.of(hash))); n > 4 {
				t.Errorf("by its %s one is found among %d", name, n)
			}
		}
	}
	for i, g := range all {
		x.Remove(g)
		if n := len(x.WithToken(all[0].Unpack().TokenPrint)); n != len(all)-i-1 {
			t.Fatalf("%d have the token, want %d", n, len(all)-i-1)
		}
	}
}

// TestShareAHash: sessions whose keys have the same hash are told apart, and leave in any order.
func TestShareAHash(t *testing.T) {
	s := &slots{}
	c := newChains(s, byID)
	var all, want []*Session
	for range 5 {
		g := &Session{}
		s.put(g)
		c.addLast(7, g)
		all = append(all, g)
	}
	first := &Session{}
	s.put(first)
	c.addFirst(7, first)
	want = append([]*Session{first}, all...)
	for _, g := range []*Session{all[2], first, all[4], all[0], all[3], all[1]} {
		if got := slices.Collect(c.of(7)); !slices.Equal(got, want) {
			t.Fatalf("%d, want %d", len(got), len(want))
		}
		c.drop(7, g)
		s.drop(g)
		want = slices.DeleteFunc(want, func(o *Session) bool { return o == g })
	}
	if len(c.first) != 0 || s.n != 0 {
		t.Errorf("%d and %d are left", len(c.first), s.n)
	}
}
