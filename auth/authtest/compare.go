package authtest

import (
	"math/big"
	"slices"
	"testing"
	"time"
)

// Compare measures f beside a reference, in turns within one run, and
// reports the median of the ratios: machines are noisy, and both meet the
// same noise. Both functions run n times a turn.
func Compare(b *testing.B, n int, reference, f func()) {
	b.Helper()
	reference()
	f()
	var ratios, refs, subjects []float64
	for b.Loop() {
		r, s := timeOf(n, reference), timeOf(n, f)
		ratios, refs, subjects = append(ratios, s/r), append(refs, r), append(subjects, s)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(refs), "reference-ns")
	b.ReportMetric(median(subjects), "usher-ns")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(testing.AllocsPerRun(200, f), "allocs")
}

func timeOf(n int, f func()) float64 {
	start := time.Now()
	for range n {
		f()
	}
	return float64(time.Since(start)) / float64(n)
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
