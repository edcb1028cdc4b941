package metrics

import "github.com/prometheus/client_golang/prometheus"

// The values of the label transport.
const (
	TransportWebSocket = "websocket"
	TransportBOSH      = "bosh"
)

// A Gateway counts the connections of the gateway. Its series exist from the
// start, at 0.
type Gateway struct {
	connections *prometheus.GaugeVec
	ended       map[string]prometheus.Counter
	refused     map[string]prometheus.Counter
}

func newGateway(registry *prometheus.Registry) *Gateway {
	g := &Gateway{
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: GatewayConnections,
			Help: "XMPP sessions that pass through the gateway now, by transport (websocket, bosh)."}, []string{"transport"}),
	}
	g.connections.WithLabelValues(TransportWebSocket)
	g.connections.WithLabelValues(TransportBOSH)
	ended := prometheus.NewCounterVec(prometheus.CounterOpts{Name: GatewayEnded,
		Help: "WebSocket sessions of the gateway that ended, by who or what ended them."}, []string{"reason"})
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: GatewayRefused,
		Help: "Requests that the gateway did not let through to Prosody, by reason. Refused logins are in usher_auth_requests_total."}, []string{"reason"})
	g.ended, g.refused = series(ended, GatewayEndings()), series(refused, GatewayRefusals())
	registry.MustRegister(g.connections, ended, refused)
	return g
}

func series(vec *prometheus.CounterVec, values []string) map[string]prometheus.Counter {
	m := map[string]prometheus.Counter{}
	for _, v := range values {
		m[v] = vec.WithLabelValues(v)
	}
	return m
}

// GatewayEndings is the closed list of reasons for which a session ends.
func GatewayEndings() []string {
	return []string{"client", "prosody", "idle", "slow", "login_timeout", "too_large", "overloaded", "protocol", "policy", "stopped", "panic"}
}

// GatewayRefusals is the closed list of reasons for which a request does not
// pass.
func GatewayRefusals() []string {
	return []string{"origin", "connections", "address", "request", "upstream", "stopped", "panic"}
}

// Gateway returns the counters of the gateway.
func (m *Metrics) Gateway() *Gateway { return m.gateway }

// Connected counts sessions that begin (+1) or end (-1).
func (g *Gateway) Connected(transport string, change int) {
	g.connections.WithLabelValues(transport).Add(float64(change))
}

// Ended counts the end of a session. A reason that is not in the list is not
// counted.
func (g *Gateway) Ended(reason string) { count(g.ended, reason) }

// Refused counts a request that does not pass, likewise.
func (g *Gateway) Refused(reason string) { count(g.refused, reason) }

func count(counters map[string]prometheus.Counter, value string) {
	if c := counters[value]; c != nil {
		c.Inc()
	}
}
