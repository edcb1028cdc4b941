package metrics

import (
	"fmt"
	"maps"
	"testing"
	"time"
)

// TestTotals: what all doors have counted, without those who were let in at a door before that of their login.
func TestTotals(t *testing.T) {
	m := New("test")
	denied, undecided := []string{"expired"}, []string{"overloaded"}
	gateway, signin := m.Door("gateway", denied, undecided), m.Door("signin", denied, undecided)
	gateway.Allowed(Whose{"h", "i"}, time.Millisecond)
	gateway.Allowed(Whose{}, time.Millisecond)
	gateway.Refused(Whose{}, "expired", time.Millisecond)
	signin.Allowed(Whose{"h", "i"}, time.Millisecond)
	signin.Refused(Whose{"h", "i"}, "expired", time.Millisecond)
	signin.Refused(Whose{"h", "i"}, "overloaded", time.Millisecond)
	m.JoinReasons([]string{"token"}, []string{"room_mismatch"}, nil)
	m.Join(Allowed, "token")
	m.Join(Denied, "room_mismatch")
	for _, c := range []struct {
		before []string
		logins int
	}{{nil, 3}, {[]string{"signin", "ticket"}, 2}} {
		got := m.Totals(c.before...)
		if got.Logins.Allowed != c.logins || !maps.Equal(got.Logins.Refused, map[string]int{"expired": 2, "overloaded": 1}) ||
			got.Joins.Allowed != 1 || !maps.Equal(got.Joins.Refused, map[string]int{"room_mismatch": 1}) {
			t.Errorf("without %q: %+v", c.before, got)
		}
	}
}

// TestTotalsStay: a reason that is in no list counts as what its series says, and what a host has counted stays counted
// when the host goes out of the configuration.
func TestTotalsStay(t *testing.T) {
	m := New("test")
	door := m.Door("http", []string{"expired"}, nil)
	of := Whose{"h", "i"}
	door.Allowed(of, time.Millisecond)
	door.Refused(of, "expired", time.Millisecond)
	door.Refused(of, "never heard of", time.Millisecond)
	m.Join(Denied, "never heard of")
	m.Join(Denied, "never heard of")
	m.JoinReasons(nil, nil, []string{"internal_error"}) // the same series
	m.Join(Undecided, "internal_error")
	m.Hosts(nil)
	door.Allowed(of, time.Millisecond)
	want := map[string]int{"expired": 1, "internal_error": 1}
	if got := m.Totals(); got.Logins.Allowed != 2 || !maps.Equal(got.Logins.Refused, want) ||
		!maps.Equal(got.Joins.Refused, map[string]int{"internal_error": 3}) {
		t.Errorf("%+v", got)
	}
}

// manyHosts are metrics with as many hosts as a door counts apart.
func manyHosts() *Metrics {
	m := New("test")
	var denied []string
	for i := range 30 {
		denied = append(denied, fmt.Sprintf("reason_%d", i))
	}
	for _, name := range []string{"dovecot", "gateway", "http"} {
		door := m.Door(name, denied, []string{"internal_error"})
		for i := range mostWhose {
			door.Refused(Whose{fmt.Sprintf("h%d", i), "i"}, "reason_1", time.Millisecond)
		}
	}
	return m
}

// TestTotalsOfMany: a reading costs the same for thousands of series as for a few.
func TestTotalsOfMany(t *testing.T) {
	m := manyHosts()
	if got := m.Totals().Logins.Refused["reason_1"]; got != 3*mostWhose {
		t.Errorf("%d counted", got)
	}
	if n := testing.AllocsPerRun(10, func() { m.Totals() }); n > 20 {
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkTotals(b *testing.B) {
	m := manyHosts()
	for b.Loop() {
		m.Totals()
	}
}
