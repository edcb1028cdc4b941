package moderation

import (
	"fmt"
	"testing"
	"time"
)

// TestBirths: c is a question about a new room, j one about a join that is let in, x one that is refused, and a dot a
// second.
func TestBirths(t *testing.T) {
	for _, row := range []string{"cj", "cjj", "cjcj", "ccxx", "ccxxj", "cccxxxj", "c..cj", "cc..j", "c.cxxj", "j", "c...j", "ccx..cj", "cj.cj"} {
		var b births
		now := time.Unix(1_800_000_000, 0)
		for i, step := range row {
			switch step {
			case 'c':
				b.begin("r", now)
			case '.':
				now = now.Add(time.Second)
			default:
				if lost := b.join("r", now); lost != (step == 'x') {
					t.Errorf("%s: the join at %d is refused: %v", row, i, lost)
				}
			}
			if b.join("another", now) {
				t.Errorf("%s: another room is concerned", row)
			}
		}
	}
}

// TestBirthsBound: questions that no join follows are forgotten, and are few.
func TestBirthsBound(t *testing.T) {
	var b births
	now := time.Unix(1_800_000_000, 0)
	for i := range maxBirths + 500 {
		b.begin(fmt.Sprint(i), now)
	}
	if len(b.young) != maxBirths {
		t.Errorf("%d are kept", len(b.young))
	}
	b.begin("later", now.Add(birthKept))
	if len(b.young) != 1 {
		t.Errorf("%d are kept afterwards", len(b.young))
	}
}
