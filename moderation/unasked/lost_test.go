package unasked_test

import (
	"testing"
	"testing/synctest"
	"time"

	"usher/moderation/unasked"
)

// TestLost: a, b, c are let in, H is held back by the room, A, B, C are seen in it from then on, . are ten seconds and a
// look at the room. So many are told of in all.
func TestLost(t *testing.T) {
	for row, want := range map[string]int{
		"": 0, "a.": 0, "a..": 0, "ab": 0, "ab.": 2, "ab..": 2, "aA.": 0, "abA.": 0, "aAb.": 0, "aAbc.": 2, "aAbc..c.": 3, "abcC.": 2,
		"a.b.": 2, "a.bB.": 0, "a.bB.ac.": 2, "HH.": 0, "HHa.": 0, "HHab.": 2, "aAbBc....": 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := unasked.New(unasked.UsualLimits())
			b.Connected(1)
			in, held, n := []string{}, 0, 0
			for _, step := range row {
				switch {
				case step == '.':
					time.Sleep(10 * time.Second)
					b.Saw("muc", "standup@muc", in)
					n += b.Lost("muc", "standup@muc")
				case step == 'H':
					held++
					b.Held("muc", "standup@muc", "held"+string(rune('0'+held))+"@h")
				case step < 'a':
					in = append(in, string(step+32)+"@h")
					b.Saw("muc", "standup@muc", in)
				default:
					b.Asked("muc", "standup@muc", string(step)+"@h", true)
				}
			}
			if n != want {
				t.Errorf("%q: %d are lost, want %d", row, n, want)
			}
			if b.Lost("muc", "other@muc")+b.Lost("other", "standup@muc") != 0 {
				t.Error("of another room")
			}
		})
	}
}
