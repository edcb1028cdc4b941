package metrics

import (
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
