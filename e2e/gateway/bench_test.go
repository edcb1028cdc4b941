package gateway

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/daemon"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// BenchmarkGateway measures the gateway in front of a real Prosody: the round trip of a ping beside the same client
// straight at Prosody, in turns, and the memory of idle sessions.
func BenchmarkGateway(b *testing.B) {
	prosodytest.Require(b, "")
	o := options()
	o.Gateway += ", max_connections_per_address: 100000"
	w := newSite(b, "", o)
	b.Run("round_trip", func(b *testing.B) { w.benchRoundTrip(b) })
	b.Run("idle_sessions", func(b *testing.B) { w.benchIdle(b) })
}

func (w *site) benchRoundTrip(b *testing.B) {
	straight, err := client.Dial(world.Within(b), client.Plain("alice", world.Token(b, "alice", "*", nil)).
		Through(client.WebSocket("ws://"+w.Prosody.HTTP()+"/xmpp-websocket", fromPage())).At("", world.Meet))
	if err != nil {
		b.Fatal(err)
	}
	through := w.follow(b, world.Meet, byWebSocket(w, query(world.Token(b, "bob", "*", nil), "one")))
	rooms := map[*client.Session]string{straight: world.Room("one"), through.Session: world.Room("two")}
	for s, name := range rooms {
		if _, err := s.Join(world.Within(b), name, "me"); err != nil {
			b.Fatal(err)
		}
	}
	for _, row := range []struct {
		name string
		trip func(context.Context, *client.Session) error
	}{
		{"ping", func(ctx context.Context, s *client.Session) error { return s.Ping(ctx, world.Meet) }},
		{"message", func(ctx context.Context, s *client.Session) error {
			return s.Echo(ctx, "chat", s.JID(), s.JID())
		}},
		{"room", func(ctx context.Context, s *client.Session) error {
			return s.Echo(ctx, "groupchat", rooms[s], rooms[s]+"/me")
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			trip := row.trip
			var reference, subject []time.Duration
			ctx := context.Background()
			for b.Loop() {
				reference = append(reference, tripTime(b, func() error { return trip(ctx, straight) }))
				subject = append(subject, tripTime(b, func() error { return trip(ctx, through.Session) }))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(median(reference)), "straight-p50-ns")
			b.ReportMetric(float64(median(subject)), "gateway-p50-ns")
			b.ReportMetric(float64(median(subject))/float64(median(reference)), "ratio")
		})
	}
}

func tripTime(b *testing.B, trip func() error) time.Duration {
	b.Helper()
	began := time.Now()
	if err := trip(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// benchIdle has sessions log in and be silent.
func (w *site) benchIdle(b *testing.B) {
	benchIdle(b, w.Usher, func(i int) (*client.Session, error) {
		via := byWebSocket(w, query(world.Token(b, fmt.Sprintf("user%d", i), "one", nil), "one"))
		return client.Dial(world.Within(b), client.Login{Host: world.Meet, Mechanism: "ANONYMOUS", Via: via})
	})
}

// benchIdle measures the memory of sessions that say nothing but a ping now and then, as Jitsi's client does: three
// seconds after they logged in, and when usher has collected garbage, which Go does every two minutes at the least.
func benchIdle(b *testing.B, usher *daemon.Daemon, login func(i int) (*client.Session, error)) {
	const sessions = 2000
	for b.Loop() {
		before := resident(b, usher)
		list := make([]*client.Session, 0, sessions)
		for i := range sessions {
			s, err := login(i)
			if err != nil {
				b.Fatal(err)
			}
			list = append(list, s)
		}
		time.Sleep(3 * time.Second)
		after := resident(b, usher)
		for range 6 {
			time.Sleep(20 * time.Second)
			for _, s := range list {
				if err := s.Ping(b.Context(), world.Meet); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric((after-before)/sessions, "KiB/session")
		b.ReportMetric((resident(b, usher)-before)/sessions, "KiB/session-collected")
		b.ReportMetric(before/1024, "MiB-before")
		b.ReportMetric(after/1024, "MiB-after")
		for _, s := range list {
			s.Cut()
		}
	}
}

// resident is the resident memory of the daemon in KiB.
func resident(t testing.TB, d *daemon.Daemon) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return n
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
