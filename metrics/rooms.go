package metrics

import (
	"maps"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// rooms holds the series about joins, affiliations and the sessions behind
// them.
type rooms struct {
	joins        *prometheus.CounterVec
	affiliations map[affiliated]prometheus.Counter
	connected    prometheus.Gauge
	sessions     prometheus.Gauge
	waiting      prometheus.Gauge
	whitelist    prometheus.Gauge
	lobbyLost    []counters[LobbyLoss] // by kind
	stateErrors  counters[StateOperation]
	unasked      []prometheus.Gauge // by module
	bypassed     prometheus.Gauge
	occupants    prometheus.Gauge
	joinsLost    prometheus.Counter
	stepsMissing prometheus.Gauge
	decided      atomic.Pointer[map[decided]tally] // is replaced, never changed
}

// decided is a join's result and its reason.
type decided struct {
	result Result
	reason string
}

// affiliated is an affiliation, and whether it was set.
type affiliated struct {
	affiliation string
	ok          bool
}

func newRooms(registry *prometheus.Registry) *rooms {
	r := &rooms{
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{Name: Joins,
			Help: "Joins of rooms decided, by result (allowed, denied, error) and reason."},
			[]string{"result", "reason"}),
		connected: prometheus.NewGauge(prometheus.GaugeOpts{Name: ComponentConnected,
			Help: "Whether Prosody has accepted usher's component (1)."}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{Name: SessionsGauge,
			Help: "Sessions of tokens that have not ended."}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{Name: LobbyWaiting,
			Help: "People who tried a room whose lobby is on and wait, as far as they are remembered."}),
		whitelist: prometheus.NewGauge(prometheus.GaugeOpts{Name: LobbyWhitelist,
			Help: "Entries of the lobby's whitelist."}),
		bypassed: prometheus.NewGauge(prometheus.GaugeOpts{Name: GatewayBypassed,
			Help: "Whether people came into rooms of a host with a relay past the gateway (1)."}),
		occupants: prometheus.NewGauge(prometheus.GaugeOpts{Name: UnaskedOccupants,
			Help: "People in rooms about whom nobody asked usher, as far as they were seen."}),
		joinsLost: prometheus.NewCounter(prometheus.CounterOpts{Name: JoinsLost,
			Help: "Joins that usher allowed and Prosody never completed, though the room was there and nobody else came in."}),
		stepsMissing: prometheus.NewGauge(prometheus.GaugeOpts{Name: RelayStepsMissing,
			Help: "Hosts with a relay whose Prosody was found not to do what it has to, at the last try."}),
		affiliations: map[affiliated]prometheus.Counter{},
		unasked:      make([]prometheus.Gauge, ModuleBegins+1),
		lobbyLost:    make([]counters[LobbyLoss], LobbyKnock+1),
	}
	r.decided.Store(&map[decided]tally{})
	r.addAffiliations(registry)
	unasked := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: ProsodyUnasked,
		Help: "Whether Prosody was found not to ask usher (1), by the module that is missing."}, []string{"module"})
	for _, module := range Modules() {
		r.unasked[module] = unasked.WithLabelValues(module.String())
	}
	lost := prometheus.NewCounterVec(prometheus.CounterOpts{Name: LobbyLost,
		Help: "Messages to people that were not sent, by kind (invitation of somebody who was admitted, knock for " +
			"moderators) and reason: full (too many waited), late (the room could not be changed in time), failed " +
			"(Prosody could not be reached)."}, []string{"kind", "reason"})
	for _, kind := range LobbyMessages() {
		r.lobbyLost[kind] = newCounters(lost, LobbyLosses(), kind.String())
	}
	stateErrors := prometheus.NewCounterVec(prometheus.CounterOpts{Name: StateErrors,
		Help: "Writes of the state that failed, by operation."}, []string{"operation"})
	r.stateErrors = newCounters(stateErrors, StateOperations())
	registry.MustRegister(r.joins, r.connected, r.sessions, r.waiting, r.whitelist, lost, stateErrors, unasked,
		r.bypassed, r.occupants, r.joinsLost, r.stepsMissing)
	return r
}

// GivenAffiliations is the closed list of the affiliations that usher sets.
func GivenAffiliations() []string { return []string{"owner", "member", "none"} }

func (r *rooms) addAffiliations(registry *prometheus.Registry) {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: Affiliations,
		Help: "Affiliations set in rooms, by affiliation and result (success, failure)."},
		[]string{"affiliation", "result"})
	for _, a := range GivenAffiliations() {
		r.affiliations[affiliated{a, true}] = vec.WithLabelValues(a, "success")
		r.affiliations[affiliated{a, false}] = vec.WithLabelValues(a, "failure")
	}
	registry.MustRegister(vec)
}

// Unasked is what was found of rooms about which nobody asked.
type Unasked struct {
	Joins, Begins bool // which of Prosody's modules is missing
	Bypassed      bool // people came into a relay's rooms past the gateway
	Occupants     int  // people who are in rooms now
}

// Unasked tells what was found.
func (m *Metrics) Unasked(found Unasked) {
	set(m.rooms.unasked[ModuleJoins], found.Joins)
	set(m.rooms.unasked[ModuleBegins], found.Begins)
	set(m.rooms.bypassed, found.Bypassed)
	m.rooms.occupants.Set(float64(found.Occupants))
}

// JoinsLost counts joins that were allowed and never completed.
func (m *Metrics) JoinsLost(n int) { m.rooms.joinsLost.Add(float64(n)) }

// RelayStepsMissing tells of how many hosts with a relay the Prosody does not do what it has to.
func (m *Metrics) RelayStepsMissing(hosts int) { m.rooms.stepsMissing.Set(float64(hosts)) }

// JoinReasons makes the series of joins exist, for the closed lists of reasons
// that allow, that deny and that mean "cannot decide".
func (m *Metrics) JoinReasons(allowed, denied, undecided []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	reasons := [][]string{Allowed: allowed, Denied: denied, Undecided: undecided}
	all := maps.Clone(*m.rooms.decided.Load())
	for _, result := range Results() {
		for _, reason := range reasons[result] {
			if _, there := all[decided{result, reason}]; !there {
				all[decided{result, reason}] = tally{m.rooms.joins.WithLabelValues(result.String(), reason), new(atomic.Int64)}
			}
		}
	}
	m.rooms.decided.Store(&all)
}

// Join counts a decision about a join. What is in no list counts as an
// internal error: the set of series stays closed.
func (m *Metrics) Join(result Result, reason string) {
	c, ok := (*m.rooms.decided.Load())[decided{result, reason}]
	if !ok {
		m.JoinReasons(nil, nil, []string{reasonOther})
		c = (*m.rooms.decided.Load())[decided{Undecided, reasonOther}]
	}
	c.count()
}

// Affiliation counts one of [GivenAffiliations] that was set, or could not be; others
// are not counted.
func (m *Metrics) Affiliation(affiliation string, ok bool) {
	if c := m.rooms.affiliations[affiliated{affiliation, ok}]; c != nil {
		c.Inc()
	}
}

// ComponentConnected tells whether Prosody has accepted the component.
func (m *Metrics) ComponentConnected(yes bool) {
	set(m.rooms.connected, yes)
}

// set sets a gauge that says yes (1) or no (0).
func set(g prometheus.Gauge, yes bool) {
	value := 0.0
	if yes {
		value = 1
	}
	g.Set(value)
}

// Sessions tells how many sessions there are.
func (m *Metrics) Sessions(n int) { m.rooms.sessions.Set(float64(n)) }

// Lobby tells how many people wait, and how many entries the whitelist has.
func (m *Metrics) Lobby(waiting, entries int) {
	m.rooms.waiting.Set(float64(waiting))
	m.rooms.whitelist.Set(float64(entries))
}

// StateError counts a write of the state that failed.
func (m *Metrics) StateError(operation StateOperation) { m.rooms.stateErrors.count(operation) }

// LobbyMessageLost counts a message that was not sent.
func (m *Metrics) LobbyMessageLost(kind LobbyMessage, why LobbyLoss) {
	if kind != 0 {
		m.rooms.lobbyLost[kind].count(why)
	}
}
