package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"usher/metrics"
)

// TestGatewayStartsAtZero: every series is there before anything happened.
func TestGatewayStartsAtZero(t *testing.T) {
	text := scrape(t, metrics.New("test"))
	for _, transport := range []string{metrics.TransportWebSocket, metrics.TransportBOSH} {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_connections{transport=%q} 0`, transport), true)
	}
	for _, reason := range metrics.GatewayEndings() {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_sessions_ended_total{reason=%q} 0`, reason), true)
	}
	for _, reason := range metrics.GatewayRefusals() {
		wantLine(t, text, fmt.Sprintf(`usher_gateway_refused_total{reason=%q} 0`, reason), true)
	}
}

func TestGatewaySetIsClosed(t *testing.T) {
	m := metrics.New("test")
	before := strings.Count(scrape(t, m), "\nusher_")
	for i := range 100 {
		m.Gateway().Ended(fmt.Sprint("invented ", i))
		m.Gateway().Refused(fmt.Sprint("invented ", i))
	}
	if after := strings.Count(scrape(t, m), "\nusher_"); after != before {
		t.Errorf("%d series became %d", before, after)
	}
}

func TestGatewayCounts(t *testing.T) {
	m := metrics.New("test")
	g := m.Gateway()
	for _, change := range []int{1, 1, 1, -1} {
		g.Connected(metrics.TransportBOSH, change)
	}
	g.Ended("slow")
	g.Refused("upstream")
	g.Refused("upstream")
	text := scrape(t, m)
	wantLine(t, text, `usher_gateway_connections{transport="bosh"} 2`, true)
	wantLine(t, text, `usher_gateway_sessions_ended_total{reason="slow"} 1`, true)
	wantLine(t, text, `usher_gateway_refused_total{reason="upstream"} 2`, true)
}
