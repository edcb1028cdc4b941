package authtest

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// turns is how often the two functions take turns within one ratio.
const turns = 8

// Compare measures f beside a reference, and reports the median of the ratios.
// Both functions run n times for each ratio, in short turns: machines are noisy
// and change their pace, and both meet the same.
func Compare(b *testing.B, n int, reference, f func()) {
	b.Helper()
	start := time.Now()
	c := comparison{turn: max(1, n/turns), before: func() {}, clock: func() time.Duration { return time.Since(start) }}
	c.run(b, n, reference, f)
}

// CompareWork is [Compare] for functions that do nothing but calculate. It counts the
// processor's time that the process takes, the garbage collector's with it, and so not
// what other processes take meanwhile. Each function runs so many times a turn, and what
// before does ahead of each is not counted.
func CompareWork(b *testing.B, n, turn int, before, reference, f func()) {
	b.Helper()
	comparison{turn: turn, before: before, clock: func() time.Duration {
		var t unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
			b.Fatal(err)
		}
		return time.Duration(t.Nano())
	}}.run(b, n, reference, f)
}

type comparison struct {
	turn   int
	before func()
	clock  func() time.Duration
}

func (c comparison) run(b *testing.B, n int, reference, f func()) {
	b.Helper()
	var ratios, refs, subjects []float64
	for b.Loop() {
		var r, s time.Duration
		runs := 0
		for ; runs < n; runs += c.turn {
			r, s = r+c.timeOf(reference), s+c.timeOf(f)
		}
		ratios = append(ratios, float64(s)/float64(r))
		refs, subjects = append(refs, float64(r)/float64(runs)), append(subjects, float64(s)/float64(runs))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(refs), "reference-ns")
	b.ReportMetric(median(subjects), "usher-ns")
	b.ReportMetric(median(ratios), "ratio")
	c.before()
	b.ReportMetric(testing.AllocsPerRun(max(1, c.turn-1), f), "allocs")
}

func (c comparison) timeOf(f func()) time.Duration {
	c.before()
	start := c.clock()
	for range c.turn {
		f()
	}
	return c.clock() - start
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}

// Halves splits an ECDSA signature of RFC 7518 section 3.4 into R and S.
func Halves(signature []byte) (r, s *big.Int) {
	half := len(signature) / 2
	return new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:])
}
