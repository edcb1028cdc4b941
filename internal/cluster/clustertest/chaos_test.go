package clustertest_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"usher/internal/cluster/clustertest"
)

var (
	seed  = flag.Uint64("seed", 0, "of the chaos; 0: a few that are always the same")
	steps = flag.Int("steps", 500, "of the chaos, for each seed")
)

// TestChaos: whatever happens, no fresh node lets in what it was said to know as revoked, or what it must have heard of;
// and after quiet all nodes are equal and fresh. Quiet comes every 250 steps.
func TestChaos(t *testing.T) {
	seeds := []uint64{*seed}
	if *seed == 0 {
		seeds = []uint64{1, 2, 3, 4}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { chaos(t, seed) })
		})
	}
}

func chaos(t *testing.T, seed uint64) {
	c := clustertest.NewChaos(seed)
	defer c.Close()
	for n := 1; n <= *steps; n++ {
		wrong := c.Step()
		if wrong == "" && (n%250 == 0 || n == *steps) {
			wrong = c.Quiet()
		}
		if wrong != "" {
			t.Fatalf("seed %d, step %d: %s\n%s", seed, n, wrong, strings.Join(c.Steps[max(0, len(c.Steps)-60):], "\n"))
		}
	}
	t.Logf("seed %d: %d steps without a breach: %s", seed, *steps, c.Tally())
}
