package listen

import (
	"net/netip"
	"testing"
)

// fill lets n connections of a peer in, and returns them.
func (t *table) fill(test *testing.T, address string, n int) []*Conn {
	test.Helper()
	var list []*Conn
	for range n {
		c := newTestConn(address)
		if _, ok := t.enter(c); !ok {
			test.Fatalf("no room for %s", address)
		}
		list = append(list, c)
	}
	return list
}

func newTestConn(address string) *Conn {
	c := &Conn{peer: Peer{Network: NetworkOf(netip.MustParseAddr(address))}}
	c.all.conn, c.own.conn = c, c
	return c
}

const (
	one   = "192.0.2.1"
	other = "192.0.2.2"
	proxy = "10.0.0.1"
)

// TestWhoMakesRoom is the truth table: who is closed when another connection comes.
func TestWhoMakesRoom(t *testing.T) {
	trustProxy := func(p Peer) bool { return p.Network == NetworkOf(netip.MustParseAddr(proxy)) }
	for _, row := range []struct {
		name   string
		limits Limits
		given  func(t *testing.T, table *table) (victim *Conn) // nil: none is closed
		from   string
		in     bool
	}{
		{"there is room", Limits{Most: 4}, func(t *testing.T, x *table) *Conn { x.fill(t, one, 2); return nil }, one, true},
		{"the peer's share is used up: its oldest", Limits{Most: 8, Waiting: 2},
			func(t *testing.T, x *table) *Conn { x.fill(t, other, 1); return x.fill(t, one, 2)[0] }, one, true},
		{"the peer's share is its own", Limits{Most: 8, Waiting: 2}, func(t *testing.T, x *table) *Conn { x.fill(t, one, 2); return nil }, other, true},
		{"a trusted proxy has no share", Limits{Most: 8, Waiting: 2, Trusted: trustProxy},
			func(t *testing.T, x *table) *Conn { x.fill(t, proxy, 5); return nil }, proxy, true},
		{"full: the oldest of all", Limits{Most: 3, Waiting: 2},
			func(t *testing.T, x *table) *Conn { c := x.fill(t, one, 2)[0]; x.fill(t, other, 1); return c }, other, true},
		{"full: nobody behind a trusted proxy while there are others", Limits{Most: 3, Waiting: 2, Trusted: trustProxy},
			func(t *testing.T, x *table) *Conn { x.fill(t, proxy, 2); return x.fill(t, one, 1)[0] }, proxy, true},
		{"full of a trusted proxy's", Limits{Most: 2, Waiting: 1, Trusted: trustProxy},
			func(t *testing.T, x *table) *Conn { return x.fill(t, proxy, 2)[0] }, one, true},
		{"who has a request in hand stays", Limits{Most: 2, Waiting: 2},
			func(t *testing.T, x *table) *Conn { l := x.fill(t, one, 2); x.admit(l[0]); return l[1] }, one, true},
		{"all have requests in hand", Limits{Most: 2, Waiting: 2}, func(t *testing.T, x *table) *Conn {
			for _, c := range x.fill(t, one, 2) {
				x.admit(c)
			}
			return nil
		}, other, false},
		{"after a request it is the last", Limits{Most: 2, Waiting: 2}, func(t *testing.T, x *table) *Conn {
			l := x.fill(t, one, 2)
			x.admit(l[0])
			x.release(l[0], false)
			return l[1]
		}, other, true},
		{"who has shown something good comes after all others", Limits{Most: 2, Waiting: 2}, func(t *testing.T, x *table) *Conn {
			l := x.fill(t, one, 2)
			x.admit(l[0])
			x.release(l[0], true)
			x.admit(l[1])
			x.release(l[1], false)
			return l[1]
		}, other, true},
		{"only such are left: the one that was used last stays", Limits{Most: 2, Waiting: 2}, func(t *testing.T, x *table) *Conn {
			l := x.fill(t, one, 2)
			for _, c := range []*Conn{l[1], l[0]} {
				x.admit(c)
				x.release(c, true)
			}
			return l[1]
		}, other, true},
		{"a session stays when its request is over", Limits{Most: 2, Waiting: 2}, func(t *testing.T, x *table) *Conn {
			l := x.fill(t, one, 2)
			x.keep(l[0])
			x.release(l[0], false)
			return l[1]
		}, other, true},
		{"who has left left room", Limits{Most: 1}, func(t *testing.T, x *table) *Conn { x.leave(x.fill(t, one, 1)[0]); return nil }, one, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			x := &table{limits: row.limits}
			want := row.given(t, x)
			victims, ok := x.enter(newTestConn(row.from))
			if ok != row.in {
				t.Fatalf("let in: %v, want %v", ok, row.in)
			}
			var got *Conn
			if len(victims) > 0 {
				got = victims[0]
			}
			if got != want || len(victims) > 1 {
				t.Errorf("closed for it: %v, want %p", victims, want)
			}
			if c := x.counts(); c.Open > c.Most {
				t.Errorf("%d are open, %d may be", c.Open, c.Most)
			}
		})
	}
}

// TestLoweredLimit: connections make room until the new limit holds.
func TestLoweredLimit(t *testing.T) {
	x := &table{limits: Limits{Most: 100, Waiting: 100}}
	x.fill(t, one, 100)
	x.setLimits(Limits{Most: 10, Waiting: 10})
	for range 20 {
		x.enter(newTestConn(other))
	}
	if c := x.counts(); c.Open > 10 || len(x.peers) > 2 {
		t.Errorf("%+v of %d peers", c, len(x.peers))
	}
	x.unasked()
	if c := x.counts(); c.Open != 0 || c.Waiting != 0 || len(x.peers) != 0 {
		t.Errorf("something is left: %+v of %d peers", c, len(x.peers))
	}
}

func TestNetworkOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"127.0.0.1": "127.0.0.0/8", "127.9.9.9": "127.0.0.0/8", "::1": "127.0.0.0/8", "fe80::1%eth0": "fe80::/64",
	} {
		if got := NetworkOf(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
	if NetworkOf(netip.Addr{}).IsValid() {
		t.Error("no address has a network")
	}
}

func TestDivide(t *testing.T) {
	shares := []Share{{"door", 4, 10, 1}, {"gateway", 2, 100, 2}}
	for files, want := range map[int][2]int{8: {4, 2}, 11: {7, 2}, 14: {10, 2}, 20: {10, 5}, 210: {10, 100}, 9999: {10, 100}} {
		got, err := Divide(files, shares)
		if err != nil || got["door"] != want[0] || got["gateway"] != want[1] || got["door"]+2*got["gateway"] > files {
			t.Errorf("%d descriptors: %v, %v, want %v", files, got, err, want)
		}
	}
	for _, files := range []int{7, 0, -20} {
		if got, err := Divide(files, shares); err == nil {
			t.Errorf("%d descriptors: %v, want an error", files, got)
		}
	}
}

// BenchmarkEnter is the cost of a connection and a request while others have filled the listener.
func BenchmarkEnter(b *testing.B) {
	x := &table{limits: Limits{Most: 20_000, Waiting: 15_000}}
	conns := make([]*Conn, 40_000)
	for i := range conns {
		conns[i] = newTestConn(one)
		conns[i].peer.UID = uint32(i % 1000)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c := conns[i%len(conns)]
		x.leave(c)
		x.enter(c)
		x.admit(c)
		x.release(c, false)
		i++
	}
}

// TestUnaskedAtTheStop: a connection on which no request has come yet is waited for, and then closed; the others are
// not the table's to close.
func TestUnaskedAtTheStop(t *testing.T) {
	x := &table{limits: Limits{Most: 10}}
	fresh, asked, busy, gone := newTestConn(one), newTestConn(one), newTestConn(one), newTestConn(one)
	for _, c := range []*Conn{fresh, asked, busy, gone} {
		x.enter(c)
	}
	settled := x.settled()
	x.admit(asked)
	x.release(asked, false)
	x.admit(busy)
	x.leave(gone)
	select {
	case <-settled:
		t.Error("it is calm with a fresh connection")
	default:
	}
	if left := x.unasked(); len(left) != 1 || left[0] != fresh {
		t.Errorf("%v leave", left)
	}
	x.release(busy, false)
	<-settled
	<-x.settled()
	if c := x.counts(); c.Open != 2 || c.Waiting != 2 || x.fresh != 0 {
		t.Errorf("%+v, %d fresh", c, x.fresh)
	}
}
