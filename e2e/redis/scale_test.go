package redis_test

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"usher/e2e/redis"
	"usher/e2e/redis/redistest"
	bus "usher/internal/redis"
	"usher/moderation"
)

// BenchmarkScale measures what a login costs the engine and all nodes together, beyond what they do when nothing
// happens: with one to four nodes of a cell, which all learn of it, and with one to four cells, where one does.
func BenchmarkScale(b *testing.B) {
	for n := 1; n <= 4; n++ {
		b.Run(fmt.Sprintf("nodes-%d", n), func(b *testing.B) { benchScale(b, n, func(int) string { return "shard1" }) })
	}
	for n := 2; n <= 4; n++ {
		b.Run(fmt.Sprintf("cells-%d", n), func(b *testing.B) {
			benchScale(b, n, func(i int) string { return fmt.Sprint("shard", i) })
		})
	}
}

// A cost is what was used up to a moment: of the engine's and this process' CPU in microseconds, of the engine's
// commands and bytes.
type cost struct{ engine, nodes, commands, bytes float64 }

func (c cost) minus(o cost, times float64) cost {
	return cost{c.engine - o.engine*times, c.nodes - o.nodes*times, c.commands - o.commands*times, c.bytes - o.bytes*times}
}

func costs(b *testing.B, s *redis.Server) (c cost) {
	b.Helper()
	out, err := s.CLI(b.Context(), "INFO")
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		number, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "used_cpu_user", "used_cpu_sys":
			c.engine += number * 1e6
		case "total_commands_processed":
			c.commands = number
		case "total_net_input_bytes", "total_net_output_bytes":
			c.bytes += number
		}
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	c.nodes = float64(used.Utime.Nano()+used.Stime.Nano()) / 1000
	return c
}

func benchScale(b *testing.B, nodes int, cell func(int) string) {
	s := redistest.Start(b, redis.Config{Lines: []string{"appendonly yes", "appendfsync everysec"}})
	list := make([]*member, nodes)
	for i := range list {
		list[i] = join(b, bus.Options{Address: s.Address()}, fmt.Sprint("n", i), cell(i))
	}
	for _, m := range list {
		m.becomes(b, 20*time.Second, "fresh", m.node.Fresh)
	}
	const idle = 2 * time.Second
	before := costs(b, s)
	time.Sleep(idle)
	perIdle := costs(b, s).minus(before, 1)
	before = costs(b, s)
	begin, n := time.Now(), 0
	for b.Loop() {
		n++
		list[0].Login("n0", moderation.ID{1, byte(n >> 16), byte(n >> 8), byte(n)})
		time.Sleep(1500 * time.Microsecond) // as a real Prosody asks
	}
	for i, m := range list {
		if cell(i) == cell(0) {
			m.becomes(b, 20*time.Second, "told", func() bool { return m.Sessions() == n })
		}
	}
	used := costs(b, s).minus(before, 1).minus(perIdle, time.Since(begin).Seconds()/idle.Seconds())
	b.ReportMetric(used.engine/float64(n), "engine-µs")
	b.ReportMetric(used.nodes/float64(n), "nodes-µs")
	b.ReportMetric(used.commands/float64(n), "commands")
	b.ReportMetric(used.bytes/float64(n), "bytes")
	b.ReportMetric(0, "ns/op")
}
