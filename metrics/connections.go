package metrics

import "github.com/prometheus/client_golang/prometheus"

// A Closing is why a connection was closed by usher's own limits.
type Closing uint8

// The reasons for which a limit closes a connection: the label reason of [ConnectionsClosed].
const (
	ClosedFull  Closing = iota + 1 // all places of the endpoint are taken by requests
	ClosedIdle                     // it had no request in hand, and a new one wanted its place
	ClosedFiles                    // the process has no file descriptor left
	ClosedUser                     // its user may not connect
)

// Closings is the closed list.
func Closings() []Closing { return all(ClosedUser) }

// String returns the label's value.
func (c Closing) String() string {
	return word(c, []string{ClosedFull: "full", ClosedIdle: "idle", ClosedFiles: "files", ClosedUser: "user"})
}

// panicOther is the door of a panic behind no door.
const panicOther = "other"

// Endpoints is the closed list of what usher listens on, by its key under
// listen.
func Endpoints() []string {
	return []string{"dovecot", "extauth", "http", "gateway", "console", "metrics", "admin"}
}

// connections are the series of all endpoints, and of panics.
type connections struct {
	endpoints map[string]*Endpoint
	panics    map[string]prometheus.Counter
}

// An Endpoint counts the connections of one listener. A nil one counts nothing.
type Endpoint struct {
	open   prometheus.Gauge
	closed counters[Closing]
}

func newConnections(registry *prometheus.Registry) *connections {
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: Connections,
		Help: "Connections that are open now, by endpoint (its key under listen)."}, []string{"endpoint"})
	closed := prometheus.NewCounterVec(prometheus.CounterOpts{Name: ConnectionsClosed,
		Help: "Connections that usher closed for its limits, by endpoint and reason: full (every place has a " +
			"request), idle (it made room for a new one), files (no file descriptor was left), user (not allowed here)."},
		[]string{"endpoint", "reason"})
	panics := prometheus.NewCounterVec(prometheus.CounterOpts{Name: Panics,
		Help: "Requests refused because the code panicked, by door; the log has the stack."}, []string{"door"})
	c := &connections{endpoints: map[string]*Endpoint{}, panics: map[string]prometheus.Counter{}}
	for _, door := range append(Endpoints(), "auth", panicOther) {
		c.panics[door] = panics.WithLabelValues(door)
	}
	for _, name := range Endpoints() {
		c.endpoints[name] = &Endpoint{open: open.WithLabelValues(name), closed: newCounters(closed, Closings(), name)}
	}
	registry.MustRegister(open, closed, panics)
	return c
}

// Opened counts connections that were accepted (+1) or have ended (-1).
func (e *Endpoint) Opened(change int) {
	if e != nil {
		e.open.Add(float64(change))
	}
}

// Closed counts a connection that a limit closed.
func (e *Endpoint) Closed(why Closing) {
	if e != nil {
		e.closed.count(why)
	}
}
