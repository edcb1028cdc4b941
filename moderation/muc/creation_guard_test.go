package muc

import (
	"fmt"
	"testing"
	"time"
)

// TestCreationGuard: c is a question about a new room, j one about a join that is let in, x one that is refused, and a dot a
// second.
func TestCreationGuard(t *testing.T) {
	for _, row := range []string{"cj", "cjj", "cjcj", "ccxx", "ccxxj", "cccxxxj", "c..cj", "cc..j", "c.cxxj", "j", "c...j", "ccx..cj", "cj.cj"} {
		var b creationGuard
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

// TestCreationGuardBound: questions that no join follows are forgotten, and are few.
func TestCreationGuardBound(t *testing.T) {
	var b creationGuard
	now := time.Unix(1_800_000_000, 0)
	for i := range maxCreations + 500 {
		b.begin(fmt.Sprint(i), now)
	}
	if len(b.young) != maxCreations {
		t.Errorf("%d are kept", len(b.young))
	}
	b.begin("later", now.Add(creationKept))
	if len(b.young) != 1 {
		t.Errorf("%d are kept afterwards", len(b.young))
	}
}
