package unasked

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"usher/internal/guard/guardtest"
)

// TestLongestHold: at the bounds nobody waits for more than a millisecond, so that no join does.
func TestLongestHold(t *testing.T) {
	rooms, people := make([]string, UsualLimits().Rooms-1), make([]string, 100_000)
	for i := range rooms {
		rooms[i] = fmt.Sprint("r", i, "@conference.h")
	}
	for i := range people {
		people[i] = fmt.Sprint("p", i, "@h")
	}
	for name, do := range map[string]func(*Book){
		"listed":    func(b *Book) { b.Listed(muc, rooms, true) },
		"gone":      func(b *Book) { b.Listed(muc, nil, true) },
		"one gone":  func(b *Book) { b.Gone(muc, standup) },
		"seen":      func(b *Book) { b.Saw(muc, standup, people) },
		"left":      func(b *Book) { b.Saw(muc, standup, nil) },
		"anew":      func(b *Book) { b.Began(muc, standup) },
		"connected": func(b *Book) { b.Connected(2) },
		"connected in between": func(b *Book) {
			for i, room := range rooms {
				b.Asked(muc, room, people[i], true)
			}
			b.Connected(2)
		},
		"joins": func(b *Book) {
			for i := range 2000 {
				b.Asked(muc, standup, fmt.Sprint("another", i, "@h"), true)
			}
		},
		"reports": func(b *Book) { b.Report(muc) },
	} {
		t.Run(name, func(t *testing.T) {
			best := time.Hour // what else the machine does empties the caches
			for range 3 {
				synctest.Test(t, func(t *testing.T) {
					b := fullBook(rooms, people)
					best = min(best, guardtest.LongestHold(t, &b.mu, func() { do(b) }))
				})
			}
			if t.Logf("%v", best); best >= time.Millisecond {
				t.Errorf("others wait for %v", best)
			}
		})
	}
}

// fullBook is at its bounds: one room with half of all, whom it was asked about a while ago, and the others in the others.
func fullBook(rooms, people []string) *Book {
	b := connectedWith(UsualLimits(), true)
	for _, account := range people {
		b.Asked(muc, standup, account, true)
	}
	for i := range people {
		b.Asked(muc, rooms[i%len(rooms)], people[i], true)
	}
	time.Sleep(2 * joinTakes)
	return b
}
