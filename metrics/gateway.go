package metrics

import "github.com/prometheus/client_golang/prometheus"

// A Transport is how a client of the gateway speaks XMPP.
type Transport uint8

// The values of the label transport.
const (
	TransportWebSocket Transport = iota + 1
	TransportBOSH
)

// Transports is the closed list.
func Transports() []Transport { return all(TransportBOSH) }

// String returns the label's value.
func (t Transport) String() string {
	return word(t, []string{TransportWebSocket: "websocket", TransportBOSH: "bosh"})
}

// An Ending is who or what ended a session of the gateway.
type Ending uint8

// The ends of a session: the label reason of [GatewayEnded].
const (
	EndedByClient     Ending = iota + 1 // it closed, or its connection broke
	EndedByProsody                      // likewise
	EndedIdle                           // nothing came from the client for too long
	EndedSlow                           // the client did not take what Prosody sent
	EndedLoginTimeout                   // there was no login in time
	EndedTooLarge                       // a stanza was
	EndedOverloaded                     // too many large stanzas were in hand
	EndedProtocol                       // the client broke that of WebSockets
	EndedPolicy                         // the client did before its login what it must not
	EndedRevoked                        // an operator ended it
	EndedCut                            // the account's rights have changed: the client comes back
	EndedStopped                        // usher stops
	EndedPanic                          // the code panicked
)

// Endings is the closed list.
func Endings() []Ending { return all(EndedPanic) }

// String returns the label's value.
func (e Ending) String() string {
	return word(e, []string{EndedByClient: "client", EndedByProsody: "prosody", EndedIdle: "idle", EndedSlow: "slow",
		EndedLoginTimeout: "login_timeout", EndedTooLarge: "too_large", EndedOverloaded: "overloaded",
		EndedProtocol: "protocol", EndedPolicy: "policy",
		EndedRevoked: "revoked", EndedCut: "cut", EndedStopped: "stopped", EndedPanic: "panic"})
}

// A Refusal is why the gateway does not let a request through to Prosody.
type Refusal uint8

// The reasons for which a request does not pass: the label reason of [GatewayRefused].
const (
	RefusedOrigin      Refusal = iota + 1 // pages of this origin may not connect
	RefusedConnections                    // there are too many
	RefusedAddress                        // there are too many from this address
	RefusedRequest                        // it is none that the gateway serves
	RefusedUpstream                       // Prosody cannot be reached, or does not serve it
	RefusedStopped                        // usher stops, or has not begun
	RefusedPanic                          // the code panicked
)

// Refusals is the closed list.
func Refusals() []Refusal { return all(RefusedPanic) }

// String returns the label's value.
func (r Refusal) String() string {
	return word(r, []string{RefusedOrigin: "origin", RefusedConnections: "connections", RefusedAddress: "address",
		RefusedRequest: "request", RefusedUpstream: "upstream", RefusedStopped: "stopped", RefusedPanic: "panic"})
}

// A Gateway counts the connections of the gateway. Its series exist from the
// start, at 0.
type Gateway struct {
	connections []prometheus.Gauge // by transport
	ended       counters[Ending]
	refused     counters[Refusal]
}

func newGateway(registry *prometheus.Registry) *Gateway {
	connections := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: GatewayConnections,
		Help: "XMPP sessions that pass through the gateway now, by transport (websocket, bosh)."},
		[]string{"transport"})
	ended := prometheus.NewCounterVec(prometheus.CounterOpts{Name: GatewayEnded,
		Help: "WebSocket sessions of the gateway that ended, by who or what ended them."}, []string{"reason"})
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: GatewayRefused,
		Help: "Requests that the gateway did not let through to Prosody, by reason. Refused logins are in " +
			"usher_auth_requests_total."}, []string{"reason"})
	registry.MustRegister(connections, ended, refused)
	g := &Gateway{connections: make([]prometheus.Gauge, TransportBOSH+1), ended: newCounters(ended, Endings()),
		refused: newCounters(refused, Refusals())}
	for _, t := range Transports() {
		g.connections[t] = connections.WithLabelValues(t.String())
	}
	return g
}

// Connected counts sessions that begin (+1) or end (-1).
func (g *Gateway) Connected(t Transport, change int) { g.connections[t].Add(float64(change)) }

// Ended counts the end of a session.
func (g *Gateway) Ended(why Ending) { g.ended.count(why) }

// Refused counts a request that does not pass.
func (g *Gateway) Refused(why Refusal) { g.refused.count(why) }
