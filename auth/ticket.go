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

// The bounds of all tickets together, and of those of one token, where the
// oldest makes room. Many who follow one link may log in at the same moment; a
// ticket that waits for nothing but Prosody's question is used a moment later.
const (
	maxTickets         = 16384
	maxTicketBytes     = 32 << 20 // of tokens' text
	maxTicketsOfAToken = 16
	maxTicketsWaiting  = 2048 // of logins that are under way
	sweptAtATime       = 256
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
	Random    bool   // the token names no account
	Text      string // the password: 41 characters of [A-Za-z0-9-]
	ExpiresIn time.Duration

	tokenPrint string
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
	token         string // the one copy of bundle
	until         time.Time
	bundle        *bundle
	element       *list.Element // in ticketTable.byAge
	place         *list.Element // in bundle.byAge
}

// A bundle is the tickets of one token that are bounded together. The token is
// kept once, however many they are.
type bundle struct {
	bundleKey
	byAge list.List // of *ticketRecord, the oldest first
}

type bundleKey struct {
	token   string
	waiting bool // for logins that are under way: whoever asks for others does not push these out
}

func (k bundleKey) most() int {
	if k.waiting {
		return maxTicketsWaiting
	}
	return maxTicketsOfAToken
}

// A ticketTable holds the tickets that wait for their use.
type ticketTable struct {
	metrics *metrics.Metrics

	mu         sync.Mutex
	bySelector map[string]*ticketRecord
	bundles    map[bundleKey]*bundle // none is empty
	byAge      list.List             // of *ticketRecord, the oldest first
	bytes      int                   // of the keys of bundles
}

func newTicketTable(m *metrics.Metrics) *ticketTable {
	return &ticketTable{metrics: m, bySelector: map[string]*ticketRecord{}, bundles: map[bundleKey]*bundle{}}
}

// issue makes a ticket for the identity that the token of a bundle proved, good
// until the given time. It reports false if there is no room.
func (t *ticketTable) issue(id Identity, k bundleKey, now, until time.Time) (Ticket, bool) {
	text := ticketPrefix + rand.Text()[:selectorLength] + rand.Text()
	r := &ticketRecord{host: id.Host, account: id.Account, until: until}
	r.selector, r.secret = splitTicket(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep(now)
	if b := t.bundles[k]; b != nil && b.byAge.Len() >= k.most() {
		t.drop(b.byAge.Front().Value.(*ticketRecord), metrics.TicketDropped)
	}
	if !t.add(k, r) {
		return Ticket{}, false
	}
	t.metrics.Ticket(metrics.TicketIssued)
	return Ticket{Host: r.host, Account: r.account, Random: id.Random, Text: text, ExpiresIn: until.Sub(now), tokenPrint: id.TokenPrint}, true
}

// add wants the lock, and reports false if there is no room.
func (t *ticketTable) add(k bundleKey, r *ticketRecord) bool {
	b, more := t.bundles[k], 0
	if b == nil {
		b, more = &bundle{bundleKey: k}, len(k.token)
	}
	if len(t.bySelector) >= maxTickets || t.bytes+more > maxTicketBytes {
		return false
	}
	t.bundles[b.bundleKey] = b
	t.bytes += more
	t.bySelector[r.selector] = r
	r.bundle, r.token = b, b.token
	r.element, r.place = t.byAge.PushBack(r), b.byAge.PushBack(r)
	return true
}

// take uses a ticket up and returns what is known of it, or nil.
func (t *ticketTable) take(text string, now time.Time) *ticketRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(text)
	switch {
	case r == nil:
		t.metrics.Ticket(metrics.TicketUnknown)
		return nil
	case Over(r.until, now):
		t.drop(r, metrics.TicketExpired)
		return nil
	}
	t.drop(r, metrics.TicketRedeemed)
	return r
}

// find wants the lock. It returns nil if the ticket is not there.
func (t *ticketTable) find(text string) *ticketRecord {
	selector, secret := splitTicket(text)
	r := t.bySelector[selector]
	if r == nil || subtle.ConstantTimeCompare([]byte(r.secret), []byte(secret)) != 1 {
		return nil
	}
	return r
}

// waits reports whether a ticket is there.
func (t *ticketTable) waits(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.find(text) != nil
}

// cancel drops a ticket, if it is there.
func (t *ticketTable) cancel(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.find(text); r != nil {
		t.drop(r, metrics.TicketDropped)
	}
}

// expire drops the tickets whose time is over.
func (t *ticketTable) expire(now time.Time) {
	for t.expireSome(now) {
	}
}

func (t *ticketTable) expireSome(now time.Time) (more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sweep(now)
}

// sweep wants the lock. A ticket made with a ticket ends with that one, so it
// may be behind others that end later; it is found when it is the oldest. It
// drops so many that nobody waits long for the lock, and says if there may be
// more.
func (t *ticketTable) sweep(now time.Time) (more bool) {
	for range sweptAtATime {
		e := t.byAge.Front()
		if e == nil {
			return false
		}
		r := e.Value.(*ticketRecord)
		if !Over(r.until, now) {
			return false
		}
		t.drop(r, metrics.TicketExpired)
	}
	return true
}

// drop wants the lock.
func (t *ticketTable) drop(r *ticketRecord, result metrics.TicketResult) {
	delete(t.bySelector, r.selector)
	t.byAge.Remove(r.element)
	r.bundle.byAge.Remove(r.place)
	if r.bundle.byAge.Len() == 0 {
		delete(t.bundles, r.bundle.bundleKey)
		t.bytes -= len(r.token)
	}
	t.metrics.Ticket(result)
}

func splitTicket(text string) (selector, secret string) {
	text = text[len(ticketPrefix):]
	return text[:selectorLength], text[selectorLength:]
}
