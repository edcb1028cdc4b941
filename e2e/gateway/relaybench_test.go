package gateway

import (
	"testing"
	"time"

	"usher/e2e/client"
	"usher/e2e/prosody/prosodytest"
	"usher/e2e/world"
)

// BenchmarkRelay measures the round trip of a stanza by a relay, where each is judged, beside the same client straight at
// the same Prosody: both are guests without a token.
func BenchmarkRelay(b *testing.B) {
	prosodytest.Require(b, "")
	w := world.New(b, "", world.Options{Relay: &world.Relay{}})
	through := w.Follow(b, world.Link{Host: world.Guests})
	straight, err := w.Straight(b, world.Link{Host: world.Guests})
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range []struct {
		name string
		trip func(s *client.Session) error
	}{
		{"ping", func(s *client.Session) error { return s.Ping(b.Context(), world.Guests) }},
		{"message", func(s *client.Session) error { return s.Echo(b.Context(), "chat", s.JID(), s.JID()) }},
	} {
		b.Run(row.name, func(b *testing.B) {
			var reference, subject []time.Duration
			for b.Loop() {
				reference = append(reference, tripTime(b, func() error { return row.trip(straight.Session) }))
				subject = append(subject, tripTime(b, func() error { return row.trip(through.Session) }))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(median(reference)), "straight-p50-ns")
			b.ReportMetric(float64(median(subject)), "gateway-p50-ns")
			b.ReportMetric(float64(median(subject))/float64(median(reference)), "ratio")
		})
	}
}
