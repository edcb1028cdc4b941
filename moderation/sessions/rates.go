package sessions

import (
	"sync"
	"time"

	"usher/internal/ratelimit"
)

// The logins of one token: of a class of 300 that shares a link all come in at
// the same moment, and again a minute later.
const (
	loginsAtOnce    = 300
	loginsPerMinute = 300
)

// maxRates bounds the tokens that are remembered from one minute, in entries of
// 24 bytes.
const maxRates = 65_536

// loginRates bound how often one token logs in, so that one that is shared by
// all the world pushes nobody else's sessions out, nor keeps the disk busy. Of a
// token only is kept when it will have all of its logins again. The zero value is
// ready.
//
// A token that is not seen for a minute has all of its logins again and needs not
// to be remembered: so there are two tables, and once a minute the older one goes.
// At the bound it goes earlier, and a token that comes back gets logins too soon;
// but never does one wait for those of others.
type loginRates struct {
	mu            sync.Mutex
	young, former map[principalID]int64 // by token: nanoseconds since 1970
	turned        time.Time
}

func logins() ratelimit.Rate {
	return ratelimit.Rate{Burst: loginsAtOnce, Every: time.Minute / loginsPerMinute}
}

// take reports whether a token may log in now, and counts that.
func (r *loginRates) take(token principalID, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	full, there := r.young[token]
	if !there {
		if r.young == nil || len(r.young) >= maxRates || now.Sub(r.turned) >= time.Minute {
			r.young, r.former, r.turned = map[principalID]int64{}, r.young, now
		}
		full = r.former[token]
	}
	next, ok := logins().Take(time.Unix(0, full), now)
	if ok {
		r.young[token] = next.UnixNano()
	}
	return ok
}
