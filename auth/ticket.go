package auth

import (
	"container/list"
	"crypto/rand"
	"crypto/subtle"
	"log/slog"
	"strings"
	"sync"
	"time"

	"usher/metrics"
)

// TicketLifetime is how long a ticket waits for its one use.
const TicketLifetime = 60 * time.Second

// The bounds of all tickets together. A token is kept once, however many of
// its tickets wait.
const (
	maxTickets         = 16384
	maxTicketBytes     = 32 << 20 // of tokens' text
	maxTicketsOfAToken = 16       // the oldest makes room
)

// A ticket's text is a prefix that no token can begin with and still be one,
// a part to find the ticket by, and a secret part of 130 bits.
const (
	ticketPrefix   = "ut-"
	selectorLength = 12
	ticketLength   = len(ticketPrefix) + selectorLength + 26 // what rand.Text returns
)

// A Ticket is a login password for one use, made from a verified token: for
// doors that cannot carry a token's length, and for gateways that must not
// hand the token on. It is good for one account on one host, and for as long
// as the token itself would be.
type Ticket struct {
	Host      string // virtual host
	Account   string // JID localpart, escaped by XEP-0106
	Text      string // the password: 41 characters of [A-Za-z0-9-]
	ExpiresIn time.Duration
}

// JID returns the bare JID that the ticket logs in.
func (t Ticket) JID() string { return t.Account + "@" + t.Host }

// LogValue keeps the password out of every log.
func (t Ticket) LogValue() slog.Value { return slog.StringValue("ticket of " + t.JID()) }

// IsTicket reports whether a password has the form of a ticket.
func IsTicket(password string) bool {
	return len(password) == ticketLength && strings.HasPrefix(password, ticketPrefix)
}

// A ticketRecord is what is kept of a ticket. The token stays with it, so
// that the one list of checks runs again when the ticket is used: a key that
// was removed or a token that expired in between refuses it like any other.
type ticketRecord struct {
	selector      string
	secret        string
	host, account string
	token         string
	until         time.Time
	element       *list.Element // in ticketTable.byAge
}

// A ticketTable holds the tickets that wait for their use.
type ticketTable struct {
	metrics *metrics.Metrics

	mu         sync.Mutex
	bySelector map[string]*ticketRecord
	byToken    map[string][]*ticketRecord // the oldest first
	byAge      list.List                  // of *ticketRecord, the oldest first
	bytes      int                        // of the keys of byToken
}

func newTicketTable(m *metrics.Metrics) *ticketTable {
	return &ticketTable{metrics: m, bySelector: map[string]*ticketRecord{}, byToken: map[string][]*ticketRecord{}}
}

// issue makes a ticket for the identity that token proved, good until the
// given time. It reports false if there is no room.
func (t *ticketTable) issue(id Identity, token string, now, until time.Time) (Ticket, bool) {
	text := ticketPrefix + rand.Text()[:selectorLength] + rand.Text()
	r := &ticketRecord{host: id.Host, account: id.Account, token: token, until: until}
	r.selector, r.secret = splitTicket(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	if same := t.byToken[token]; len(same) >= maxTicketsOfAToken {
		t.drop(same[0], metrics.TicketDropped)
	}
	if !t.hasRoom(token) {
		return Ticket{}, false
	}
	t.add(r)
	t.metrics.Ticket(metrics.TicketIssued)
	return Ticket{Host: r.host, Account: r.account, Text: text, ExpiresIn: until.Sub(now)}, true
}

func (t *ticketTable) hasRoom(token string) bool {
	more := len(token)
	if len(t.byToken[token]) > 0 {
		more = 0
	}
	return len(t.bySelector) < maxTickets && t.bytes+more <= maxTicketBytes
}

func (t *ticketTable) add(r *ticketRecord) {
	if len(t.byToken[r.token]) == 0 {
		t.bytes += len(r.token)
	}
	t.bySelector[r.selector] = r
	t.byToken[r.token] = append(t.byToken[r.token], r)
	r.element = t.byAge.PushBack(r)
}

// take uses a ticket up and returns what is known of it, or nil.
func (t *ticketTable) take(text string, now time.Time) *ticketRecord {
	selector, secret := splitTicket(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.bySelector[selector]
	switch {
	case r == nil || subtle.ConstantTimeCompare([]byte(r.secret), []byte(secret)) != 1:
		t.metrics.Ticket(metrics.TicketUnknown)
		return nil
	case !now.Before(r.until):
		t.drop(r, metrics.TicketExpired)
		return nil
	}
	t.drop(r, metrics.TicketRedeemed)
	return r
}

// dropAccount drops the tickets of one account.
func (t *ticketTable) dropAccount(host, account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.byAge.Front(); e != nil; {
		r := e.Value.(*ticketRecord)
		e = e.Next() // drop takes r's element out of the list
		if r.host == host && r.account == account {
			t.drop(r, metrics.TicketDropped)
		}
	}
}

// expire drops the tickets whose time is over.
func (t *ticketTable) expire(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
}

// sweep wants the lock. A ticket made with a ticket ends with that one, so it
// may be behind others that end later; it is found when it is the oldest.
func (t *ticketTable) sweep(now time.Time) {
	for e := t.byAge.Front(); e != nil; e = t.byAge.Front() {
		r := e.Value.(*ticketRecord)
		if now.Before(r.until) {
			return
		}
		t.drop(r, metrics.TicketExpired)
	}
}

// drop wants the lock.
func (t *ticketTable) drop(r *ticketRecord, result string) {
	delete(t.bySelector, r.selector)
	t.byAge.Remove(r.element)
	rest := without(t.byToken[r.token], r)
	if len(rest) == 0 {
		delete(t.byToken, r.token)
		t.bytes -= len(r.token)
	} else {
		t.byToken[r.token] = rest
	}
	t.metrics.Ticket(result)
}

func without(records []*ticketRecord, r *ticketRecord) []*ticketRecord {
	for i := range records {
		if records[i] == r {
			return append(records[:i:i], records[i+1:]...)
		}
	}
	return records
}

func splitTicket(text string) (selector, secret string) {
	text = text[len(ticketPrefix):]
	return text[:selectorLength], text[selectorLength:]
}
