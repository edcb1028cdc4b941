package metrics

import "github.com/prometheus/client_golang/prometheus"

// The values of the label result of [Tickets].
const (
	TicketIssued   = "issued"
	TicketRedeemed = "redeemed" // used up by a login, which may have been refused all the same
	TicketUnknown  = "unknown"  // presented, and never given or used before
	TicketExpired  = "expired"  // not used in time
	TicketDropped  = "dropped"  // given back, pushed out by later ones of its token, or its account was revoked
)

// Ticket counts what became of a ticket. A result that is not in the list is
// not counted.
func (m *Metrics) Ticket(result string) {
	if c := m.tickets[result]; c != nil {
		c.Inc()
	}
}

func newTickets(registry *prometheus.Registry) map[string]prometheus.Counter {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: Tickets,
		Help: "Login tickets, by what became of them (issued, redeemed, unknown, expired, dropped)."}, []string{"result"})
	registry.MustRegister(vec)
	counters := map[string]prometheus.Counter{}
	for _, result := range []string{TicketIssued, TicketRedeemed, TicketUnknown, TicketExpired, TicketDropped} {
		counters[result] = vec.WithLabelValues(result)
	}
	return counters
}
