package metrics_test

import (
	"fmt"
	"testing"

	"usher/metrics"
)

// TestGatewayStartsAtZero: every series is there before anything happened.
func TestGatewayStartsAtZero(t *testing.T) {
	text := scrape(t, metrics.New("test"))
	for _, transport := range metrics.Transports() {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_connections{transport=%q} 0`, transport), true)
	}
	for _, reason := range metrics.Endings() {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_sessions_ended_total{reason=%q} 0`, reason), true)
	}
	for _, reason := range metrics.Refusals() {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_refused_total{reason=%q} 0`, reason), true)
	}
}

func TestGatewaySetIsClosed(t *testing.T) {
	m := metrics.New("test")
	before := scrape(t, m)
	for _, none := range []uint8{0, 100, 255} {
		m.Gateway().Ended(metrics.Ending(none))
		m.Gateway().Refused(metrics.Refusal(none))
	}
	if after := scrape(t, m); ours(after) != ours(before) {
		t.Errorf("what is in no list was counted: %s", ours(after))
	}
}

func TestGatewayCounts(t *testing.T) {
	m := metrics.New("test")
	g := m.Gateway()
	for _, change := range []int{1, 1, 1, -1} {
		g.Connected(metrics.TransportBOSH, change)
	}
	g.Ended(metrics.EndedSlow)
	g.Refused(metrics.RefusedUpstream)
	g.Refused(metrics.RefusedUpstream)
	text := scrape(t, m)
	wantLine(t, text, `usher_gateway_connections{transport="bosh"} 2`, true)
	wantLine(t, text, `usher_gateway_sessions_ended_total{reason="slow"} 1`, true)
	wantLine(t, text, `usher_gateway_refused_total{reason="upstream"} 2`, true)
}
