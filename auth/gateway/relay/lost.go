package relay

import (
	"slices"
	"time"

	"usher/auth/relayauth"
)

// The bounds of what is kept of streams whose connection was lost.
const (
	lostFor  = 10 * time.Minute // as long as Prosody keeps a stream (smacks_hibernation_time)
	mostLost = 10_000
)

// Query is the query of an address at which Prosody lets the stream be resumed once more,
// to be ended.
func (l *Lost) Query(innerToken string) string {
	return with(with("", "token", innerToken), "previd", l.Resumption)
}

// A Lost is a stream whose connection was lost, and that Prosody keeps for its client.
type Lost struct {
	Host, Account string // a bare JID
	Resumption    string
	Login         *relayauth.Login
	Acked         uint32 // how many stanzas of Prosody its client has acknowledged (XEP-0198)

	revoked bool // meanwhile
	renews  bool // Prosody takes its rights anew when it is resumed
	inside  places
	until   time.Time
}

// lostStreams are the last that were lost, the oldest first. The zero value has none.
type lostStreams struct{ list []Lost }

func (l *lostStreams) add(one Lost, now time.Time) {
	over := 0
	for over < len(l.list) && (l.list[over].until.Before(now) || len(l.list)-over >= mostLost) {
		over++
	}
	one.until = now.Add(lostFor)
	l.list = append(l.list[over:], one)
}

// of returns those of an account.
func (l *lostStreams) of(account string, now time.Time) (found []Lost) {
	for _, one := range l.list {
		if one.Account == account && one.until.After(now) {
			found = append(found, one)
		}
	}
	return found
}

// take forgets those of an account that are meant, and returns them.
func (l *lostStreams) take(account string, now time.Time, meant func(*Lost) bool) (found []Lost) {
	found = slices.DeleteFunc(l.of(account, now), func(one Lost) bool { return !meant(&one) })
	l.list = slices.DeleteFunc(l.list, func(one Lost) bool { return one.Account == account && meant(&one) })
	return found
}

// resume forgets a stream that was resumed, and returns where its account is.
func (l *lostStreams) resume(account, resumption string) places {
	i := l.find(account, resumption)
	if i < 0 {
		return places{partly: true}
	}
	inside := l.list[i].inside
	l.list = slices.Delete(l.list, i, i+1)
	return inside
}

// find returns where a stream is in the list, or -1.
func (l *lostStreams) find(account, resumption string) int {
	return slices.IndexFunc(l.list, func(one Lost) bool {
		return one.Account == account && one.Resumption == resumption
	})
}
