package ticket

import (
	"container/list"
	"crypto/subtle"
	"sync"
	"time"

	"usher/internal/loginid"
	"usher/metrics"
)

// Lifetime is how long a ticket waits for its one use.
const Lifetime = 60 * time.Second

// The bounds of all tickets together, and of those of one token, where the
// oldest makes room. Many who follow one link may log in at the same moment; a
// ticket that waits for nothing but Prosody's question is used a moment later.
const (
	Max          = 16384
	MaxBytes     = 32 << 20 // of tokens' text
	maxOfAToken  = 16
	maxWaiting   = 2048 // of one token, for logins that are under way
	sweptAtATime = 256
)

// A Record is what is kept of a ticket. The token stays with it, so that the one
// list of checks runs again when the ticket is used: a key that was removed or a
// token that expired in between refuses it like any other.
type Record struct {
	Host, Account string
	Token         string    // in compact form; kept once, however many tickets it has
	Until         time.Time // the ticket's own end, not the token's
	LoginID       loginid.ID
}

// An entry is a ticket in the table.
type entry struct {
	Record
	selector string
	secret   string
	ofToken  *perToken
	element  *list.Element // in Table.byAge
	place    *list.Element // in ofToken.byAge
}

// A perToken is the tickets of one token that are bounded together. The token is
// kept once, however many they are.
type perToken struct {
	tokenKey
	byAge list.List // of *entry, the oldest first
}

type tokenKey struct {
	token   string
	waiting bool // for logins that are under way: tickets for others do not push these out
}

func (k tokenKey) most() int {
	if k.waiting {
		return maxWaiting
	}
	return maxOfAToken
}

// A Table holds the tickets that wait for their use. It is safe for concurrent
// use.
type Table struct {
	metrics *metrics.Metrics

	mu         sync.Mutex
	bySelector map[string]*entry
	byToken    map[tokenKey]*perToken // none is empty
	byAge      list.List              // of *entry, the oldest first
	bytes      int                    // of the keys of byToken
	accepted   accepted
}

// accepted are the selectors of tickets that were taken from other ushers, for as long as those are good: one is not
// taken a second time, whichever usher sends it again. The zero value has none. The lock is the table's.
type accepted struct {
	young, former map[string]bool
	turned        time.Time
}

// take notes a selector. It reports false if it was taken already, or there is no room.
func (a *accepted) take(selector string, now time.Time) bool {
	if now.Sub(a.turned) >= Lifetime {
		a.young, a.former, a.turned = map[string]bool{}, a.young, now
	}
	if a.young[selector] || a.former[selector] || len(a.young) >= Max {
		return false
	}
	a.young[selector] = true
	return true
}

// New returns an empty table, which counts what becomes of its tickets.
func New(m *metrics.Metrics) *Table {
	return &Table{metrics: m, bySelector: map[string]*entry{}, byToken: map[tokenKey]*perToken{}}
}

// Issue makes a ticket and returns its text. Of one token 16 tickets wait, or
// 2,048 that are for logins under way; the oldest makes room. It reports false if
// [Max] tickets or [MaxBytes] of tokens wait already.
func (t *Table) Issue(r Record, waiting bool, now time.Time) (string, bool) {
	text := newText()
	k := tokenKey{r.Token, waiting}
	e := &entry{Record: r}
	e.selector, e.secret = split(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweepLocked(now)
	if b := t.byToken[k]; b != nil && b.byAge.Len() >= k.most() {
		t.dropLocked(b.byAge.Front().Value.(*entry), metrics.TicketDropped)
	}
	if !t.addLocked(k, e) {
		return "", false
	}
	t.metrics.Ticket(metrics.TicketIssued)
	return text, true
}

// Accept takes a ticket that another usher has issued, and reports false if it is over, or none, if it was taken
// before, or if there is no room.
func (t *Table) Accept(text string, r Record, now time.Time) bool {
	if !Is(text) || !now.Before(r.Until) || r.Until.Sub(now) > Lifetime {
		return false
	}
	e := &entry{Record: r}
	e.selector, e.secret = split(text)
	k := tokenKey{r.Token, false}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweepLocked(now)
	if b := t.byToken[k]; b != nil && b.byAge.Len() >= k.most() {
		t.dropLocked(b.byAge.Front().Value.(*entry), metrics.TicketDropped)
	}
	if t.bySelector[e.selector] != nil || !t.accepted.take(e.selector, now) || !t.addLocked(k, e) {
		return false
	}
	t.metrics.Ticket(metrics.TicketIssued)
	return true
}

// addLocked reports false if there is no room.
func (t *Table) addLocked(k tokenKey, e *entry) bool {
	b, more := t.byToken[k], 0
	if b == nil {
		b, more = &perToken{tokenKey: k}, len(k.token)
	}
	if len(t.bySelector) >= Max || t.bytes+more > MaxBytes {
		return false
	}
	t.byToken[b.tokenKey] = b
	t.bytes += more
	t.bySelector[e.selector] = e
	e.ofToken, e.Token = b, b.token
	e.element, e.place = t.byAge.PushBack(e), b.byAge.PushBack(e)
	return true
}

// Take uses a ticket up and returns what is known of it. It is nil for what is
// no ticket, was used, has expired or was never given; the record must not be
// changed.
func (t *Table) Take(text string, now time.Time) *Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.findLocked(text)
	switch {
	case e == nil:
		t.metrics.Ticket(metrics.TicketUnknown)
		return nil
	case e.over(now):
		t.dropLocked(e, metrics.TicketExpired)
		return nil
	}
	t.dropLocked(e, metrics.TicketRedeemed)
	return &e.Record
}

// over: the boundary is exact, at its end a ticket is over.
func (e *entry) over(now time.Time) bool { return !now.Before(e.Until) }

// findLocked returns nil if the ticket is not there.
func (t *Table) findLocked(text string) *entry {
	if !Is(text) {
		return nil
	}
	selector, secret := split(text)
	e := t.bySelector[selector]
	if e == nil || subtle.ConstantTimeCompare([]byte(e.secret), []byte(secret)) != 1 {
		return nil
	}
	return e
}

// Peek returns what is known of a ticket that was not used yet, or nil. The record must not be changed.
func (t *Table) Peek(text string) *Record {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.findLocked(text); e != nil {
		return &e.Record
	}
	return nil
}

// Waits reports whether a ticket was not used yet.
func (t *Table) Waits(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.findLocked(text) != nil
}

// Cancel drops a ticket that is not needed any more, if it is there.
func (t *Table) Cancel(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.findLocked(text); e != nil {
		t.dropLocked(e, metrics.TicketDropped)
	}
}

// Expire drops the tickets whose time is over.
func (t *Table) Expire(now time.Time) {
	for t.expireSome(now) {
	}
}

func (t *Table) expireSome(now time.Time) (more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sweepLocked(now)
}

// sweepLocked: a ticket made with a ticket ends with that one, so it may be behind
// others that end later; it is found when it is the oldest. It drops so many that
// no login waits long for the lock, and says if there may be more.
func (t *Table) sweepLocked(now time.Time) (more bool) {
	for range sweptAtATime {
		front := t.byAge.Front()
		if front == nil {
			return false
		}
		e := front.Value.(*entry)
		if !e.over(now) {
			return false
		}
		t.dropLocked(e, metrics.TicketExpired)
	}
	return true
}

func (t *Table) dropLocked(e *entry, result metrics.TicketResult) {
	delete(t.bySelector, e.selector)
	t.byAge.Remove(e.element)
	e.ofToken.byAge.Remove(e.place)
	if e.ofToken.byAge.Len() == 0 {
		delete(t.byToken, e.ofToken.tokenKey)
		t.bytes -= len(e.Token)
	}
	t.metrics.Ticket(result)
}
