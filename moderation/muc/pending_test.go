package muc

import (
	"fmt"
	"testing"
	"time"
)

// TestPendingJoins: + is somebody who announces himself, a dot a second; then so many are remembered.
func TestPendingJoins(t *testing.T) {
	for row, want := range map[string]int{"": 0, "+": 1, "++": 2, "+.........": 1, "+..........": 0, "+.....+.....": 1, "+.....+.........": 1, "+.....+..........": 0} {
		var a pendingJoins
		now := time.Unix(1_800_000_000, 0)
		for i, step := range row {
			if step == '.' {
				now = now.Add(time.Second)
				continue
			}
			a.add("r", account{"h", fmt.Sprint(i)}, now)
			a.add("r", account{"h", fmt.Sprint(i)}, now) // twice is once
		}
		if got := len(a.of("r", now)); got != want || len(a.of("another", now)) != 0 {
			t.Errorf("%q: %d are about to come, want %d", row, got, want)
		}
		if a.of("another", now.Add(pendingKept)); len(a.rooms) != 0 || a.byAge.Len() != 0 {
			t.Errorf("%q: something is left: %v", row, a.rooms)
		}
	}
}

// TestPendingJoinsRenewed: who announces himself again has his time begin anew.
func TestPendingJoinsRenewed(t *testing.T) {
	var a pendingJoins
	now := time.Unix(1_800_000_000, 0)
	for range 5 {
		a.add("r", account{"h", "bob"}, now)
		now = now.Add(pendingKept - 1)
	}
	if len(a.of("r", now)) != 1 || len(a.of("r", now.Add(1))) != 0 {
		t.Error("his time is another")
	}
}

// TestPendingJoinsBounds: few of a room, and in all as many as there is place for, the last ones.
func TestPendingJoinsBounds(t *testing.T) {
	var a pendingJoins
	now := time.Unix(1_800_000_000, 0)
	for i := range 100 {
		a.add("crowded", account{"h", fmt.Sprint(i)}, now)
	}
	if got := len(a.of("crowded", now)); got != maxPendingOfRoom {
		t.Errorf("%d of one room", got)
	}
	const n = 1_000_000
	for i := range n {
		a.add(fmt.Sprint(i), account{"h", "mallory"}, now)
	}
	if a.byAge.Len() != maxPending || len(a.rooms) != maxPending || len(a.of("crowded", now)) != 0 || len(a.of(fmt.Sprint(n-1), now)) != 1 {
		t.Errorf("%d in all, of %d rooms", a.byAge.Len(), len(a.rooms))
	}
}
