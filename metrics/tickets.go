package metrics

import "github.com/prometheus/client_golang/prometheus"

// A TicketResult is what became of a ticket.
type TicketResult uint8

// The ends of a ticket: the label result of [Tickets].
const (
	TicketIssued   TicketResult = iota + 1
	TicketRedeemed              // used up by a login, which may have been refused all the same
	TicketUnknown               // presented, and never given or used before
	TicketExpired               // not used in time
	TicketDropped               // given back, pushed out by later ones of its token, or its account was revoked
)

// TicketResults is the closed list.
func TicketResults() []TicketResult { return all(TicketDropped) }

// String returns the label's value.
func (t TicketResult) String() string {
	return word(t, []string{TicketIssued: "issued", TicketRedeemed: "redeemed", TicketUnknown: "unknown",
		TicketExpired: "expired", TicketDropped: "dropped"})
}

func newTickets(registry *prometheus.Registry) counters[TicketResult] {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: Tickets,
		Help: "Login tickets, by what became of them (issued, redeemed, unknown, expired, dropped)."},
		[]string{"result"})
	registry.MustRegister(vec)
	return newCounters(vec, TicketResults())
}
