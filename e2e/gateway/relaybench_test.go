package gateway

import (
	"fmt"
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/nginx/nginxtest"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// BenchmarkRelay measures the round trip of a stanza by a relay, where each is judged, and by an nginx in the same
// place, beside the same client straight at the same Prosody, in turns: all are guests without a token, each in a room
// of its own.
func BenchmarkRelay(b *testing.B) {
	prosodytest.Require(b, "")
	w := world.New(b, "", world.Options{
		Relay:   &world.Relay{},
		Gateway: `origins: ["https://` + world.Meet + `"], max_connections_per_address: 100000`,
	})
	ways := []way{
		{"straight", w.Prosody.HTTP()}, {"nginx", nginxtest.Shaped(b, "debian", w.Prosody.HTTP()).Plain()},
		{"gateway", w.Usher.Gateway},
	}
	moderator := w.Follow(b, world.Link{Token: world.Token(b, "ann", "*", map[string]any{"moderator": true})})
	for _, by := range ways {
		moderator.Meets(world.Room(by.name)) // guests wait for somebody with a token
	}
	b.Run("round_trip", func(b *testing.B) { benchRoundTrips(b, w, moderator, ways) })
	b.Run("idle_sessions", func(b *testing.B) {
		benchIdle(b, w.Usher, func(i int) (*client.Session, error) {
			p, err := w.Try(b, world.Link{Token: world.Token(b, fmt.Sprintf("user%d", i), "one", nil), Room: "one"})
			if err != nil {
				return nil, err
			}
			return p.Session, nil
		})
	})
}

// A way is where a client comes to Prosody.
type way struct{ name, address string }

func benchRoundTrips(b *testing.B, w *world.World, moderator *world.Person, ways []way) {
	people := make([]*client.Session, len(ways))
	for i, by := range ways {
		p, err := w.At(b, by.address, world.Link{Host: world.Guests})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Join(world.Within(b), world.Room(by.name), "me"); err != nil {
			b.Fatal(err)
		}
		people[i] = p.Session
		moderator.Leaves(world.Room(by.name))
	}
	for _, row := range []struct {
		name string
		trip func(s *client.Session, room string) error
	}{
		{"ping", func(s *client.Session, _ string) error { return s.Ping(b.Context(), world.Guests) }},
		{"message", func(s *client.Session, _ string) error { return s.Echo(b.Context(), "chat", s.JID(), s.JID()) }},
		{"room", func(s *client.Session, room string) error {
			return s.Echo(b.Context(), "groupchat", room, room+"/me")
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			took := make([][]time.Duration, len(ways))
			for b.Loop() {
				for i, by := range ways {
					took[i] = append(took[i], tripTime(b, func() error { return row.trip(people[i], world.Room(by.name)) }))
				}
			}
			b.ReportMetric(0, "ns/op")
			straight := float64(median(took[0]))
			b.ReportMetric(straight, "straight-p50-ns")
			for i, by := range ways[1:] {
				b.ReportMetric(float64(median(took[i+1]))/straight, by.name+"-ratio")
			}
		})
	}
}
