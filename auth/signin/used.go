package signin

import (
	"crypto/sha256"
	"errors"
	"iter"
	"net/netip"
	"sync"
	"time"
)

const (
	maxUsed      = 1 << 16 // states that are remembered: with 20 a minute of one address, of 300 addresses at their most
	sweepEvery   = 10 * time.Second
	maxUsedOfOne = 256 // of one network

	// Of IPv6 one customer has many networks, often all of a /48, and some have all of a /32.
	maxUsedOf48 = 1 << 12
	maxUsedOf32 = 1 << 14
)

// used remembers which states were used. It forgets none that could still be used, and refuses where there is no
// place: who fills it from one network, or from many of one customer, is refused first. The zero value is ready.
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
	if len(u.until) >= maxUsed {
		return errUsedFull
	}
	for network, most := range networksOf(from) {
		if u.of[network] >= most {
			return errUsedFull
		}
	}
	if u.until == nil {
		u.until, u.of = map[[sha256.Size]byte]usedState{}, map[netip.Prefix]int{}
	}
	u.until[k] = usedState{until, from}
	for network := range networksOf(from) {
		u.of[network]++
	}
	return nil
}

// networksOf yields a network and those around it, each with how many states it may use. One that is not known is in
// none.
func networksOf(from netip.Prefix) iter.Seq2[netip.Prefix, int] {
	return func(yield func(netip.Prefix, int) bool) {
		if !from.IsValid() || !yield(from, maxUsedOfOne) || from.Addr().Is4() {
			return
		}
		for _, w := range [...]struct{ bits, most int }{{48, maxUsedOf48}, {32, maxUsedOf32}} {
			around, err := from.Addr().Prefix(w.bits)
			if err != nil || from.Bits() <= w.bits || !yield(around, w.most) {
				return
			}
		}
	}
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
		for network := range networksOf(s.from) {
			if u.of[network]--; u.of[network] == 0 {
				delete(u.of, network)
			}
		}
	}
}
