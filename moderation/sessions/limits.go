package sessions

import (
	"iter"
	"net/netip"
	"sync"
	"time"

	"usher/internal/bounded"
	"usher/internal/ratelimit"
	"usher/moderation/sessions/index"
)

// Limits are those of what is kept. At the bound of one account its oldest login
// goes, at the others one that was not used for long. A token that names no
// account makes a new one at each login: its bound keeps one such token from pushing
// all others out. Of revocations none goes: at their bound no
// further one is taken.
type Limits struct {
	Sessions         int
	OfOne            int // of one account
	OfPrincipal      int // of one token that names nobody, or of one user
	Fair             int // of one principal, once there are too many in all
	Assignments      int // of accounts to rooms
	AssignmentsOfOne int // of one account
	Rooms            int
	Names            int // bytes of names in assignments
	Revocations      int
	Expelled         int // accounts that revocations know of
}

// UsualLimits are those of the daemon.
func UsualLimits() Limits {
	return Limits{Sessions: 200_000, OfOne: 16, OfPrincipal: 20_000, Fair: 300, Assignments: 200_000,
		AssignmentsOfOne: 512, Rooms: 50_000,
		Names: 96 << 20, Revocations: 50_000, Expelled: 200_000}
}

// Divided are limits that are smaller by a factor, but for those of one account.
func (b Limits) Divided(by int) Limits {
	for _, n := range []*int{&b.Sessions, &b.OfPrincipal, &b.Fair, &b.Assignments, &b.Rooms, &b.Names, &b.Revocations,
		&b.Expelled} {
		*n /= by
	}
	return b
}

// overLimits finds what must go for a new session.
func overLimits(x *index.Index, b Limits, g *index.Session) []*index.Session {
	var over []*index.Session
	if x.CountOfAccount(g.Account()) > b.OfOne {
		over = append(over, oldestOf(x.OfAccount(g.Account())))
	}
	same := x.CountOfPrincipal(g.Principal())
	var other *index.Session
	switch {
	case same > b.OfPrincipal:
		other = longUnused(x.SomeOf(g.Principal()), g)
	case len(over) > 0 || x.Len() <= b.Sessions:
	case same > max(1, b.Fair): // one that has so many makes room for its own
		other = longUnused(x.SomeOf(g.Principal()), g)
	default:
		other = longUnused(x.Some(), g)
	}
	if other != nil {
		over = append(over, other)
	}
	return over
}

// oldestOf returns the first login of some, or nil.
func oldestOf(list iter.Seq[*index.Session]) (oldest *index.Session) {
	for g := range list {
		if oldest == nil || g.LoggedIn().Before(oldest.LoggedIn()) {
			oldest = g
		}
	}
	return oldest
}

// longUnused picks one that was not used for long; but not the new one. It is nil if
// there is no other.
func longUnused(sessions iter.Seq[*index.Session], but *index.Session) *index.Session {
	others := func(yield func(*index.Session) bool) {
		for o := range sessions {
			if o != but && !yield(o) {
				return
			}
		}
	}
	oldest, _ := bounded.Least(others, func(a, b *index.Session) bool { return a.Used().Before(b.Used()) })
	return oldest
}

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
// entries of 24 to 40 bytes.
const maxRates = 65_536

// loginRates bound how often one token logs in, so that one that is shared by
// all the world pushes nobody else's sessions out, nor keeps the disk busy; and how often
// those do who have none. The zero value is ready.
type loginRates struct {
	mu        sync.Mutex
	tokens    recent[index.PrincipalID]
	networks  recent[netip.Prefix]
	anonymous time.Time // when those without a token have all of their logins again
}

// takeAnonymous reports whether somebody without a token may log in now from a network,
// and counts that. A network that is not known has no bound of its own.
func (r *loginRates) takeAnonymous(from netip.Prefix, now time.Time) (ok bool) {
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

// take reports whether a token may log in now, and counts that.
func (r *loginRates) take(token index.PrincipalID, now time.Time) bool {
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
