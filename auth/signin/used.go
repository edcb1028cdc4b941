package signin

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"sync"
	"time"
)

const (
	maxUsed      = 1 << 16 // states that are remembered: with 20 a minute of one address, of 300 addresses at their most
	sweepEvery   = 10 * time.Second
	maxUsedOfOne = 256 // of one network
)

// used remembers which states were used. It forgets none that could still be used, and refuses where there is no
// place: the one that fills it is refused first. The zero value is ready.
type used struct {
	mu    sync.Mutex
	swept time.Time // when those that are over were last forgotten
	until map[[sha256.Size]byte]usedState
	of    map[netip.Prefix]int
}

type usedState struct {
	until time.Time
	from  netip.Prefix
}

var (
	errUsed     = errors.New("the state was used already")
	errUsedFull = errors.New("too many sign-ins have ended lately")
)

// take uses a state, which is over at a time: once.
func (u *used) take(state string, from netip.Prefix, until, now time.Time) error {
	k := sha256.Sum256([]byte(state))
	u.mu.Lock()
	defer u.mu.Unlock()
	u.expireLocked(now)
	if _, there := u.until[k]; there {
		return errUsed
	}
	if len(u.until) >= maxUsed || u.of[from] >= maxUsedOfOne && from.IsValid() {
		return errUsedFull
	}
	if u.until == nil {
		u.until, u.of = map[[sha256.Size]byte]usedState{}, map[netip.Prefix]int{}
	}
	u.until[k] = usedState{until, from}
	u.of[from]++
	return nil
}

// expireLocked forgets states that are over, now and then.
func (u *used) expireLocked(now time.Time) {
	if now.Sub(u.swept) < sweepEvery && !now.Before(u.swept) {
		return
	}
	u.swept = now
	for k, s := range u.until {
		if now.Before(s.until) {
			continue
		}
		delete(u.until, k)
		if u.of[s.from]--; u.of[s.from] == 0 {
			delete(u.of, s.from)
		}
	}
}
