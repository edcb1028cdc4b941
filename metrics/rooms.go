package metrics

import "github.com/prometheus/client_golang/prometheus"

// rooms holds the series about joins, affiliations and the sessions behind
// them.
type rooms struct {
	joins        *prometheus.CounterVec
	affiliations *prometheus.CounterVec
	connected    prometheus.Gauge
	sessions     prometheus.Gauge
	waiting      prometheus.Gauge
	whitelist    prometheus.Gauge
	lobbyLost    map[[2]string]prometheus.Counter // by kind and reason
	stateErrors  *prometheus.CounterVec
	unasked      *prometheus.GaugeVec
	occupants    prometheus.Gauge
	known        map[[2]string]bool // result and reason of joins
}

func newRooms(registry *prometheus.Registry) *rooms {
	r := &rooms{
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{Name: Joins,
			Help: "Joins of rooms decided, by result (allowed, denied, error) and reason."}, []string{"result", "reason"}),
		affiliations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: Affiliations,
			Help: "Affiliations set in rooms, by affiliation and result (success, failure)."}, []string{"affiliation", "result"}),
		connected: prometheus.NewGauge(prometheus.GaugeOpts{Name: ComponentConnected,
			Help: "Whether Prosody has accepted usher's component (1)."}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{Name: SessionsGauge,
			Help: "Sessions of tokens that have not ended."}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: LobbyWaiting,
			Help: "People who tried a room whose lobby is on and wait, as far as they are remembered."}),
		whitelist: prometheus.NewGauge(prometheus.GaugeOpts{Name: LobbyWhitelist,
			Help: "Entries of the lobby's whitelist."}),
		stateErrors: prometheus.NewCounterVec(prometheus.CounterOpts{Name: StateErrors,
			Help: "Writes of the state that failed, by operation."}, []string{"operation"}),
		unasked: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: Unasked,
			Help: "Whether Prosody was found not to ask usher (1), by the module that is missing."}, []string{"module"}),
		occupants: prometheus.NewGauge(prometheus.GaugeOpts{Name: UnaskedOccupants,
			Help: "People in rooms about whom Prosody did not ask usher, as far as they were seen."}),
		known: map[[2]string]bool{},
	}
	for _, affiliation := range []string{"owner", "member", "none"} {
		for _, result := range []string{FetchSucceeded, FetchFailed} {
			r.affiliations.WithLabelValues(affiliation, result)
		}
	}
	for _, module := range []string{ModuleJoins, ModuleBegins} {
		r.unasked.WithLabelValues(module)
	}
	lost := prometheus.NewCounterVec(prometheus.CounterOpts{Name: LobbyLost,
		Help: "Messages to people that were not sent, by kind (invitation of somebody who was admitted, knock for moderators) and " +
			"reason: full (too many waited), late (the room could not be changed in time), failed (Prosody could not be reached)."}, []string{"kind", "reason"})
	r.lobbyLost = map[[2]string]prometheus.Counter{}
	for _, kind := range []string{LobbyInvitation, LobbyKnock} {
		for _, reason := range []string{LostFull, LostLate, LostFailed} {
			r.lobbyLost[[2]string{kind, reason}] = lost.WithLabelValues(kind, reason)
		}
	}
	registry.MustRegister(lost)
	for _, operation := range StateOperations() {
		r.stateErrors.WithLabelValues(operation)
	}
	registry.MustRegister(r.joins, r.affiliations, r.connected, r.sessions, r.waiting, r.whitelist, r.stateErrors, r.unasked, r.occupants)
	return r
}

// The modules of Prosody that ask usher about rooms: the closed list of the label
// module.
const (
	ModuleJoins  = "muc_http_auth"
	ModuleBegins = "muc_http_defaults"
)

// Unasked tells which of the modules was found missing, and how many people are in
// rooms about whom nobody asked.
func (m *Metrics) Unasked(joins, begins bool, occupants int) {
	for module, yes := range map[string]bool{ModuleJoins: joins, ModuleBegins: begins} {
		value := 0.0
		if yes {
			value = 1
		}
		m.rooms.unasked.WithLabelValues(module).Set(value)
	}
	m.rooms.occupants.Set(float64(occupants))
}

// StateOperations is the closed list of the label operation.
func StateOperations() []string {
	return []string{"put_grant", "put_given", "delete_given", "put_room", "create_room", "revoke", "allow", "update", "lobby"}
}

// JoinReasons makes the series of joins exist, for the closed lists of reasons
// that allow, that deny and that mean "cannot decide".
func (m *Metrics) JoinReasons(allowed, denied, undecided []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for result, reasons := range map[string][]string{ResultAllowed: allowed, ResultDenied: denied, ResultError: undecided} {
		for _, reason := range reasons {
			m.rooms.known[[2]string{result, reason}] = true
			m.rooms.joins.WithLabelValues(result, reason)
		}
	}
}

// Join counts a decision about a join. What is in no list counts as an
// internal error: the set of series stays closed.
func (m *Metrics) Join(result, reason string) {
	m.mu.Lock()
	known := m.rooms.known[[2]string{result, reason}]
	m.mu.Unlock()
	if !known {
		result, reason = ResultError, reasonOther
	}
	m.rooms.joins.WithLabelValues(result, reason).Inc()
}

// Affiliation counts one that was set, or could not be.
func (m *Metrics) Affiliation(affiliation string, ok bool) {
	result := FetchSucceeded
	if !ok {
		result = FetchFailed
	}
	m.rooms.affiliations.WithLabelValues(affiliation, result).Inc()
}

// ComponentConnected tells whether Prosody has accepted the component.
func (m *Metrics) ComponentConnected(yes bool) {
	if yes {
		m.rooms.connected.Set(1)
	} else {
		m.rooms.connected.Set(0)
	}
}

// Sessions tells how many sessions there are.
func (m *Metrics) Sessions(n int) { m.rooms.sessions.Set(float64(n)) }

// Lobby tells how many people wait, and how many entries the whitelist has.
func (m *Metrics) Lobby(waiting, entries int) {
	m.rooms.waiting.Set(float64(waiting))
	m.rooms.whitelist.Set(float64(entries))
}

// StateError counts a write of the state that failed.
func (m *Metrics) StateError(operation string) { m.rooms.stateErrors.WithLabelValues(operation).Inc() }

// The kinds of messages to people, and why one was not sent: the closed lists of the
// labels kind and reason.
const (
	LobbyInvitation = "invitation"
	LobbyKnock      = "knock"

	LostFull   = "full"   // too many waited to be sent
	LostLate   = "late"   // the room could not be changed in time
	LostFailed = "failed" // Prosody could not be reached
)

// LobbyMessageLost counts a message that was not sent; other words are not counted.
func (m *Metrics) LobbyMessageLost(kind, reason string) {
	if c := m.rooms.lobbyLost[[2]string{kind, reason}]; c != nil {
		c.Inc()
	}
}
