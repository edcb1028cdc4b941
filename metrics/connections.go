package metrics

import "github.com/prometheus/client_golang/prometheus"

// Why a connection was closed by usher's own limits.
const (
	ClosedFull  = "full"  // all places of the endpoint are taken by requests
	ClosedIdle  = "idle"  // it had no request in hand, and a new one wanted its place
	ClosedFiles = "files" // the process has no file descriptor left
	ClosedUser  = "user"  // its user may not connect
)

// panicOther is the door of a panic behind no door.
const panicOther = "other"

// Endpoints is the closed list of what usher listens on, by its key under
// listen.
func Endpoints() []string {
	return []string{"dovecot", "extauth", "http", "gateway", "metrics", "admin"}
}

// ConnectionClosings is the closed list of why a connection is closed by a limit.
func ConnectionClosings() []string {
	return []string{ClosedFull, ClosedIdle, ClosedFiles, ClosedUser}
}

// connections are the series of all endpoints, and of panics.
type connections struct {
	endpoints map[string]*Endpoint
	panics    map[string]prometheus.Counter
}

// An Endpoint counts the connections of one listener. A nil one counts nothing.
type Endpoint struct {
	open   prometheus.Gauge
	closed map[string]prometheus.Counter
}

func newConnections(registry *prometheus.Registry) *connections {
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: Connections,
		Help: "Connections that are open now, by endpoint (its key under listen)."}, []string{"endpoint"})
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{Name: ConnectionsClosed,
		Help: "Connections that usher closed for its limits, by endpoint and reason: full (every place has a request), " +
			"idle (it made room for a new one), files (no file descriptor was left), user (not allowed here)."}, []string{"endpoint", "reason"})
	panics := prometheus.NewCounterVec(prometheus.CounterOpts{Name: Panics,
		Help: "Requests refused because the code panicked, by door; the log has the stack."}, []string{"door"})
	c := &connections{endpoints: map[string]*Endpoint{}, panics: series(panics, append(Endpoints(), "auth", panicOther))}
	for _, name := range Endpoints() {
		e := &Endpoint{open: open.WithLabelValues(name), closed: map[string]prometheus.Counter{}}
		for _, reason := range ConnectionClosings() {
			e.closed[reason] = closed.WithLabelValues(name, reason)
		}
		c.endpoints[name] = e
	}
	registry.MustRegister(open, closed, panics)
	return c
}

// Endpoint returns the counters of one of [Endpoints], nil for any other name.
func (m *Metrics) Endpoint(name string) *Endpoint { return m.connections.endpoints[name] }

// Opened counts connections that were accepted (+1) or have ended (-1).
func (e *Endpoint) Opened(change int) {
	if e != nil {
		e.open.Add(float64(change))
	}
}

// Closed counts a connection that a limit closed; other reasons are not counted.
func (e *Endpoint) Closed(reason string) {
	if e != nil {
		count(e.closed, reason)
	}
}

// Panicked counts a panic behind a door; what is no door counts as other.
func (m *Metrics) Panicked(door string) {
	if _, ok := m.connections.panics[door]; !ok {
		door = panicOther
	}
	count(m.connections.panics, door)
}
