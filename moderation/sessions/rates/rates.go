// Package rates answers one question: may this token, or who has none, log in again already?
//
// It starts no goroutine. A [Logins] has a lock, under which nothing else is called.
package rates

import (
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"usher/auth"
	"usher/internal/ratelimit"
)

// The logins of one token: of a class of 300 that shares a link all come in at
// the same moment, and again a minute later.
const (
	loginsAtOnce    = 300
	loginsPerMinute = 300
)

// The logins of all who come without a token: of a large meeting, whose people share
// nothing but the host. And those of one network: of a school behind one address, which
// must not use up what there is for all.
const (
	anonymousAtOnce    = 5000
	anonymousPerMinute = 5000
	networkAtOnce      = 500
	networkPerMinute   = 500
)

// maxRates bounds the tokens, and the networks, that are remembered from one minute, in
// entries of 16 to 40 bytes.
const maxRates = 65_536

// Logins bound how often one token logs in, so that one that is shared by
// all the world pushes nobody else's sessions out, nor keeps the disk busy; and how often
// those do who have none.
type Logins struct {
	seed maphash.Seed // so that nobody can choose a token that shares the number of another

	mu        sync.Mutex
	tokens    recent[uint64] // by a number of 64 bits
	networks  recent[netip.Prefix]
	anonymous time.Time // when those without a token have all of their logins again
}

// NewLogins knows of no login.
func NewLogins() *Logins { return &Logins{seed: maphash.MakeSeed()} }

// Take counts a login at a moment. The error is [auth.ErrOverloaded], with what there may be, if it comes too early.
func (r *Logins) Take(id auth.Identity, now time.Time) error {
	switch {
	case id.Anonymous && !r.takeAnonymous(id.Network, now):
		return fmt.Errorf("%w without a token: %d at once and %d a minute log in (guests_start), from one network %d "+
			"and %d", auth.ErrOverloaded, anonymousAtOnce, anonymousPerMinute, networkAtOnce, networkPerMinute)
	case !id.Anonymous && !r.takeToken(maphash.String(r.seed, id.TokenPrint), now):
		return fmt.Errorf("%w with one token: %d at once and %d a minute log in; give people tokens of their own",
			auth.ErrOverloaded, loginsAtOnce, loginsPerMinute)
	}
	return nil
}

// takeAnonymous reports whether somebody without a token may log in now from a network,
// and counts that. A network that is not known has no bound of its own.
func (r *Logins) takeAnonymous(from netip.Prefix, now time.Time) (ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ofOne := ratelimit.Rate{Burst: networkAtOnce, Every: time.Minute / networkPerMinute}
	if from.IsValid() && !r.networks.take(from, ofOne, now) {
		return false
	}
	rate := ratelimit.Rate{Burst: anonymousAtOnce, Every: time.Minute / anonymousPerMinute}
	next, ok := rate.Take(r.anonymous, now)
	if ok {
		r.anonymous = next
	}
	return ok
}

// takeToken reports whether a token may log in now, and counts that.
func (r *Logins) takeToken(token uint64, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens.take(token, ratelimit.Rate{Burst: loginsAtOnce, Every: time.Minute / loginsPerMinute}, now)
}

// recent are those that logged in a short time ago. Of each only is kept when it will have
// all of its logins again. The zero value has none. The lock is the caller's.
//
// One that is not seen for a minute has all of its logins again and needs not
// to be remembered: so there are two tables, and once a minute the older one goes.
// At the bound it goes earlier, and one that comes back gets logins too soon;
// but never does one wait for those of others.
type recent[K comparable] struct {
	young, former map[K]int64 // nanoseconds since 1970
	turned        time.Time
}

func (r *recent[K]) take(one K, rate ratelimit.Rate, now time.Time) bool {
	full, there := r.young[one]
	if !there {
		if r.young == nil || len(r.young) >= maxRates || now.Sub(r.turned) >= time.Minute {
			r.young, r.former, r.turned = map[K]int64{}, r.young, now
		}
		full = r.former[one]
	}
	next, ok := rate.Take(time.Unix(0, full), now)
	if ok {
		r.young[one] = next.UnixNano()
	}
	return ok
}
