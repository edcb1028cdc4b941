package journal

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// BenchmarkAppend is a record of a login's size, beside the one write(2) that it needs, in turns.
func BenchmarkAppend(b *testing.B) {
	j := mustOpen(b, journalDir(b), Position{}, Options{})
	f, err := os.OpenFile(filepath.Join(b.TempDir(), "bare"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	payload, ctx := make([]byte, 300), b.Context()
	took := make([][]time.Duration, 2)
	for b.Loop() {
		began := time.Now()
		if _, err := f.Write(payload); err != nil {
			b.Fatal(err)
		}
		between := time.Now()
		end, err := j.Append(ctx, payload)
		if err != nil {
			b.Fatal(err)
		}
		took[0], took[1] = append(took[0], between.Sub(began)), append(took[1], time.Since(between))
		if len(took[0])%100_000 == 0 {
			if err := j.Forget(end); err != nil {
				b.Fatal(err)
			}
			_, err = f.Seek(0, io.SeekStart)
			if err != nil || f.Truncate(0) != nil {
				b.Fatal(err)
			}
		}
	}
	for _, list := range took {
		slices.Sort(list)
	}
	at := func(i int, q float64) float64 { return float64(took[i][int(q*float64(len(took[i])-1))]) / 1e3 }
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(0, 0.5), "write-p50-µs")
	b.ReportMetric(at(1, 0.5)/at(0, 0.5), "ratio")
	b.ReportMetric(at(1, 0.999), "p99.9-µs")
}
