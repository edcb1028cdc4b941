package e2e

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
)

func TestScratchSoakCommunity(t *testing.T) {
	eachCommunity(t, func(t *testing.T, w *communityWorld) {
		w.warm(t, external)
		right := client.Plain("alice", communityToken(t, external, "alice"))
		lost := 0
		start := time.Now()
		n := 0
		for time.Since(start) < 60*time.Second {
			n++
			s, err := w.dial(t, external, right)
			if err != nil {
				lost++
				t.Log(n, time.Since(start), err)
			} else {
				s.Close()
			}
			if n%10 == 0 {
				time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
			}
		}
		t.Logf("%d of %d lost; started %d times", lost, n, strings.Count(w.prosody.Log(), "Started auth process"))
		for l := range strings.Lines(w.prosody.Log()) {
			if strings.Contains(l, "warn") || strings.Contains(l, "Started auth") {
				t.Log(l)
			}
		}
	}, "external")
}
