// Package metrics answers one question: what has usher done? It holds every
// series that Prometheus can read, in one struct with its own registry. The
// set of series is closed: labels come from the configuration and from lists
// in the code, never from a user, a room or a token. It starts no goroutine. Each
// lock is held for a moment: that of [Metrics], and with it held that of a [Door].
package metrics

import (
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// The names of the series.
const (
	AuthRequests           = "usher_auth_requests_total"
	AuthDuration           = "usher_auth_duration_seconds"
	Tickets                = "usher_tickets_total"
	Joins                  = "usher_joins_total"
	Affiliations           = "usher_affiliations_total"
	ComponentConnected     = "usher_component_connected"
	SessionsGauge          = "usher_sessions"
	RevocationsGauge       = "usher_revocations"
	LobbyWaiting           = "usher_lobby_waiting"
	LobbyWhitelist         = "usher_lobby_whitelist_entries"
	LobbyLost              = "usher_lobby_messages_lost_total"
	StateErrors            = "usher_state_errors_total"
	StateJournalBytes      = "usher_state_journal_bytes"
	StateBehindBytes       = "usher_state_behind_bytes"
	StateBehindSeconds     = "usher_state_behind_seconds"
	ProsodyUnasked         = "usher_prosody_unasked"
	GatewayBypassed        = "usher_gateway_bypassed"
	UnaskedOccupants       = "usher_unasked_occupants"
	JoinsLost              = "usher_joins_lost_total"
	RelayStepsMissing      = "usher_relay_steps_missing"
	GatewayConnections     = "usher_gateway_connections"
	GatewayEnded           = "usher_gateway_sessions_ended_total"
	GatewayRefused         = "usher_gateway_refused_total"
	Connections            = "usher_connections"
	ConnectionsClosed      = "usher_connections_closed_total"
	Panics                 = "usher_panics_total"
	Keys                   = "usher_keys"
	JWKSFetches            = "usher_jwks_fetches_total"
	JWKSLastSuccess        = "usher_jwks_last_success_timestamp_seconds"
	ConfigLastReload       = "usher_config_last_reload_successful"
	ConfigLastReloadGoodAt = "usher_config_last_reload_success_timestamp_seconds"
	BuildInfo              = "usher_build_info"
	Ready                  = "usher_ready"
)

// Metrics is every series of one daemon. Its methods are safe for concurrent
// use.
type Metrics struct {
	registry *prometheus.Registry

	authRequests *prometheus.CounterVec
	authDuration *prometheus.HistogramVec
	tickets      counters[TicketResult]
	rooms        *rooms
	gateway      *Gateway
	connections  *connections
	state        *state
	keys         *prometheus.GaugeVec
	fetches      *prometheus.CounterVec
	fetchSuccess *prometheus.GaugeVec
	reloadGood   prometheus.Gauge
	reloadGoodAt prometheus.Gauge

	mu      sync.Mutex
	doors   map[string]*Door
	counted map[KeyCount]bool // the series of keys that exist, with N 0
	issuers map[string]bool   // those that may have series of fetches
}

// New returns the series of a daemon of this version, with Go's own and the
// process's beside them.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		authRequests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: AuthRequests,
			Help: "Logins decided, by door, host and issuer of the configuration (other: none of it), result " +
				"(allowed, denied, error) and reason."},
			[]string{"door", "host", "issuer", "result", "reason"}),
		authDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: AuthDuration,
			Help: "Time from a login's credentials to the decision.", Buckets: durationBuckets()}, []string{"door"}),
		keys: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: Keys,
			Help: "Keys that verify tokens now, by issuer and kind (hmac, rsa, ec, okp)."}, []string{"issuer", "kind"}),
		fetches: prometheus.NewCounterVec(prometheus.CounterOpts{Name: JWKSFetches,
			Help: "Fetches of an issuer's keys, by result (success, failure)."}, []string{"issuer", "result"}),
		fetchSuccess: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: JWKSLastSuccess,
			Help: "Unix time of the last fetch of an issuer's keys that succeeded."}, []string{"issuer"}),
		reloadGood: prometheus.NewGauge(prometheus.GaugeOpts{Name: ConfigLastReload,
			Help: "Whether the last load of the configuration succeeded (1) or the one before is still in force (0)."}),
		reloadGoodAt: prometheus.NewGauge(prometheus.GaugeOpts{Name: ConfigLastReloadGoodAt,
			Help: "Unix time of the last load of the configuration that succeeded."}),
		doors:   map[string]*Door{},
		counted: map[KeyCount]bool{},
		issuers: map[string]bool{},
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: BuildInfo, Help: "1, with the version of usher and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()}})
	info.Set(1)
	m.tickets = newTickets(m.registry)
	m.rooms = newRooms(m.registry)
	m.gateway = newGateway(m.registry)
	m.connections = newConnections(m.registry)
	m.state = newState(m.registry)
	m.registry.MustRegister(m.authRequests, m.authDuration, m.keys, m.fetches, m.fetchSuccess, m.reloadGood,
		m.reloadGoodAt, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// durationBuckets reach from one verification to the hard deadline of the
// doors. Most logins belong in the first.
func durationBuckets() []float64 {
	return []float64{1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1}
}

// Door returns the counters of the named door, for the closed lists of
// reasons that deny and reasons that mean "cannot decide". Asking for a door
// again returns the same.
func (m *Metrics) Door(name string, denied, undecided []string) *Door {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := m.doors[name]
	if d == nil {
		d = newDoor(name, denied, undecided, m.authRequests, m.authDuration.WithLabelValues(name))
		m.doors[name] = d
	}
	return d
}

// Hosts drops the series of logins of those hosts and issuers that are not of the configuration any more.
func (m *Metrics) Hosts(issuers map[string][]string) {
	configured := map[Whose]bool{{Other, Other}: true}
	for host, list := range issuers {
		configured[Whose{host, Other}] = true
		for _, issuer := range list {
			configured[Whose{host, issuer}] = true
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.doors {
		d.keep(configured)
	}
}

// Ticket counts what became of a ticket.
func (m *Metrics) Ticket(result TicketResult) { m.tickets.count(result) }

// Endpoint returns the counters of one of [Endpoints], nil for any other name.
func (m *Metrics) Endpoint(name string) *Endpoint { return m.connections.endpoints[name] }

// Panicked counts a panic behind a door; what is no door counts as other.
func (m *Metrics) Panicked(door string) {
	c, ok := m.connections.panics[door]
	if !ok {
		c = m.connections.panics[panicOther]
	}
	c.Inc()
}

// Gateway returns the counters of the gateway.
func (m *Metrics) Gateway() *Gateway { return m.gateway }

// WatchReady has usher_ready say at each scrape whether all is there that logins and joins want.
func (m *Metrics) WatchReady(ready func() bool) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: Ready,
		Help: "Whether all is there that logins and joins want (1), as /readyz has it."}, func() float64 {
		if ready() {
			return 1
		}
		return 0
	}))
}

// Handler serves the series to Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Gatherer returns the registry, for tests that read a whole scrape.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Reloaded records how a load of the configuration ended. After a failed one
// the time of the last good one stays.
func (m *Metrics) Reloaded(ok bool, at time.Time) {
	if !ok {
		m.reloadGood.Set(0)
		return
	}
	m.reloadGood.Set(1)
	m.reloadGoodAt.Set(seconds(at))
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
