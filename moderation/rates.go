package moderation

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The logins of one token: of a class of 300 that shares a link all come in at
// the same moment, and again a minute later.
const (
	loginsAtOnce    = 300
	loginsPerMinute = 300
)

// maxRates bounds the tokens that are remembered from one minute, in entries.
const maxRates = 65_536

// loginRates bound how often one token logs in, so that one that is shared by
// all the world pushes nobody else's sessions out, nor keeps the disk busy. The
// zero value is ready.
//
// A token that is not seen for a minute has all of its logins again and needs not
// to be remembered: so there are two tables, and once a minute the older one goes.
// At the bound it goes earlier, and a token that comes back gets logins too soon;
// but never does one wait for those of others.
type loginRates struct {
	mu            sync.Mutex
	young, former map[string]*rate.Limiter // by token print
	turned        time.Time
}

// take reports whether a token may log in now, and counts that.
func (r *loginRates) take(tokenPrint string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.young[tokenPrint]
	if l == nil {
		if len(r.young) >= maxRates || r.young == nil || now.Sub(r.turned) >= time.Minute {
			r.young, r.former, r.turned = map[string]*rate.Limiter{}, r.young, now
		}
		if l = r.former[tokenPrint]; l == nil {
			l = rate.NewLimiter(rate.Every(time.Minute/loginsPerMinute), loginsAtOnce)
		}
		r.young[tokenPrint] = l
	}
	return l.AllowN(now, 1)
}
