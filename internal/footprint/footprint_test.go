package footprint

import (
	"os"
	"strings"
	"testing"
)

func TestPercentOf(t *testing.T) {
	for live, want := range map[uint64]int{
		0: 400, 4 << 20: 400, 8 << 20: 200, 32 << 20: 50, 64 << 20: 25, 80 << 20: 20, 1 << 30: 20,
	} {
		if got := percentOf(live); got != want {
			t.Errorf("of %d MiB: %d %%, want %d", live>>20, got, want)
		}
	}
}

// TestReleaseProgram: the test goes on afterwards, and its tables are what they were.
func TestReleaseProgram(t *testing.T) {
	before := strings.Repeat("a", 3) + os.Args[0]
	if err := ReleaseProgram(); err != nil {
		t.Fatal(err)
	}
	if strings.Repeat("a", 3)+os.Args[0] != before {
		t.Error("a text is another")
	}
}
