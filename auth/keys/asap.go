package keys

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"usher/auth/keys/fetch"
	"usher/auth/keys/kidqueue"
	"usher/internal/ratelimit"
)

const (
	maxASAPKeys = 256

	// Unknown kids, which strangers can write into tokens, cost the key server
	// ten small requests a second at the most, eight of them at once. Keys that
	// are known are fetched anew beside these, so that neither holds up the other.
	asapBurst     = 20
	asapPause     = 100 * time.Millisecond
	maxAsking     = 8
	maxRefreshing = 4
)

// ASAPURL is the kind of a server that has one PEM file for each kid.
const ASAPURL Kind = "asap_url"

func asapURL() kindRow {
	return kindRow{
		kind: ASAPURL,
		manual: Manual{
			Form: "an https URL", Default: `""`, Example: "https://keys.example.com/asap",
			Text: "Jitsi's key server: `URL/HASH.pem` is one public key, where HASH is the SHA-256 " +
				"of the `kid`. The first login with each key after a start is told to try again.",
		},
		remote: &remoteKind{
			source: "asap", title: "the key server", perKid: true, schedule: newASAP,
			accept: "application/x-pem-file, */*;q=0.1",
		},
	}
}

// asap keeps the keys of an ASAP key server: one PEM file for each kid, at
// <url>/<hex sha256(kid)>.pem. A kid is fetched when a token names it.
//
// Its goroutine starts one more for each fetch, and waits for them.
type asap struct {
	*source
	hasher kidHasher
	failed ratelimit.Log // of log lines that strangers can cause

	mu      sync.Mutex // never held during a fetch
	known   map[string]*asapKey
	queue   *kidqueue.Queue // unknown kids that wait for their fetch
	missing missingKids
	useless map[string]skip // files that hold no good key; at most maxSkipped
	pace    pace

	asking     map[string]bool // unknown kids that are being fetched
	refreshing map[string]bool // known kids that are
}

type asapKey struct {
	key     *Key
	body    []byte
	due     time.Time
	backoff backoff
}

// newASAP is ready from the start: there is nothing to fetch before a kid.
func newASAP(s *source) scheduler {
	s.set.Store(&keyset{})
	s.markTried()
	return &asap{
		source: s, hasher: newKidHasher(),
		known: map[string]*asapKey{}, queue: kidqueue.New(), missing: newMissingKids(), useless: map[string]skip{},
		pace:   pace{Rate: ratelimit.Rate{Burst: asapBurst, Every: asapPause}},
		asking: map[string]bool{}, refreshing: map[string]bool{},
	}
}

func (a *asap) request(kid string) Lookup {
	if kid == "" || len(kid) > MaxKeyID {
		return Lookup{Detail: a.title() + " has a key for each kid, and the token names none"}
	}
	now, h := time.Now(), a.hasher.hash(kid)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known[kid] != nil { // came in this moment
		return Lookup{Pending: true, Detail: a.title() + " has the key now"}
	}
	if k, ok := a.missing.get(h, now); ok {
		l := Lookup{Pending: k.pending, Trouble: k.pending, Detail: fmt.Sprintf("%s gives no key for it: %s "+
			"(asked again in %v at the earliest)",
			a.title(), k.why, k.until.Sub(now).Round(time.Second))}
		if !k.pending {
			l.Detail += "; have the application publish it there"
		}
		return l
	}
	if !a.asking[kid] {
		a.queue.Add(kid, now)
		if a.queue.Len() == 1 { // otherwise run knows already
			a.wakeUp()
		}
	}
	return Lookup{Pending: true, Detail: a.title() + " is being asked for it"}
}

func (a *asap) run(ctx context.Context) {
	var fetches sync.WaitGroup
	defer fetches.Wait()
	for ctx.Err() == nil {
		a.wait(ctx, a.start(ctx, &fetches))
	}
}

// start begins all fetches that are due and allowed, and returns when to look
// again; the zero time means when woken up.
func (a *asap) start(ctx context.Context, fetches *sync.WaitGroup) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	for a.queue.Len() > 0 && len(a.asking) < maxAsking && !now.Before(a.pace.ready()) {
		a.pace.take(now)
		a.fetchLocked(ctx, fetches, a.queue.Pop(), a.asking)
	}
	var next time.Time
	for len(a.refreshing) < maxRefreshing {
		kid, due := a.firstDueLocked()
		if kid == "" || now.Before(due) {
			next = due
			break
		}
		a.fetchLocked(ctx, fetches, kid, a.refreshing)
	}
	if ready := a.pace.ready(); a.queue.Len() > 0 && len(a.asking) < maxAsking &&
		(next.IsZero() || ready.Before(next)) {
		next = ready
	}
	return next
}

// firstDueLocked returns the known kid that is to be fetched anew first.
func (a *asap) firstDueLocked() (kid string, due time.Time) {
	for id, k := range a.known {
		if !a.refreshing[id] && (kid == "" || k.due.Before(due)) {
			kid, due = id, k.due
		}
	}
	return kid, due
}

func (a *asap) fetchLocked(ctx context.Context, fetches *sync.WaitGroup, kid string, under map[string]bool) {
	under[kid] = true
	fetches.Go(func() {
		a.refresh(ctx, kid)
		a.mu.Lock()
		delete(under, kid)
		a.mu.Unlock()
		a.wakeUp()
	})
}

// refresh fetches the key of one kid.
func (a *asap) refresh(ctx context.Context, kid string) {
	from := a.from
	if from != nil {
		name := sha256.Sum256([]byte(kid))
		from = from.JoinPath(hex.EncodeToString(name[:]) + ".pem")
	}
	err := a.get(ctx, from, func(r fetch.Response) error { return a.take(ctx, kid, r) })
	if err != nil && ctx.Err() == nil {
		a.fail(ctx, kid, err)
	}
}
