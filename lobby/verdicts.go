package lobby

import (
	"errors"
	"maps"
	"time"

	"usher/internal/jid"
)

// The bounds of what was decided about knocks. One room has a part of
// them only, so that its moderators cannot push out what others decided.
const (
	maxVerdicts           = 20_000
	maxVerdictBytes       = 16 << 20 // of rooms' and accounts' names
	maxVerdictsOfRoom     = 500
	maxVerdictBytesOfRoom = 512 << 10
)

// The errors of [Lobby.Decide] and [Lobby.DecideKnock].
var (
	ErrKnockOver  = errors.New("this knock is over: somebody has decided about it, or the account came in or gave up")
	ErrNotWaiting = errors.New("this account does not wait there now")
	ErrTooMany    = errors.New("too many decisions are kept already; they are forgotten after a day")
)

// verdicts are the decisions, by room and by account. The zero value is ready.
type verdicts struct {
	rooms    map[string]*verdictsOf
	n, bytes int
}

type verdictsOf struct {
	byJID map[string]Verdict
	bytes int
}

func (v Verdict) bytes() int { return len(v.Room) + len(v.JID) + len(v.By) }

// plausible reports whether a verdict can be about an account and a room. One
// that was kept by an earlier version may be about any text.
func (v Verdict) plausible() bool {
	return max(len(v.Room), len(v.JID), len(v.By)) <= jid.MaxJID && plain(v.Room) && plain(v.JID) && plain(v.By)
}

func (t *verdicts) get(k VerdictKey) (Verdict, bool) {
	r := t.rooms[k.Room]
	if r == nil {
		return Verdict{}, false
	}
	v, there := r.byJID[k.JID]
	return v, there
}

func (t *verdicts) of(room string) map[string]Verdict {
	if r := t.rooms[room]; r != nil {
		return r.byJID
	}
	return nil
}

// decided returns the accounts about which it was decided in a room, and of these the ones
// that were admitted. They are few.
func (t *verdicts) decided(room string, now time.Time) (all map[string]bool, admitted []string) {
	all = map[string]bool{}
	for jid, v := range t.of(room) {
		if v.ended(now) {
			continue
		}
		if all[jid] = true; v.Admitted {
			admitted = append(admitted, jid)
		}
	}
	return all, admitted
}

// put inserts or replaces. Whether there is place is for [verdicts.outdone] to say.
func (t *verdicts) put(v Verdict) {
	t.drop(v.key())
	r := t.rooms[v.Room]
	if r == nil {
		if t.rooms == nil {
			t.rooms = map[string]*verdictsOf{}
		}
		r = &verdictsOf{byJID: map[string]Verdict{}}
		t.rooms[v.Room] = r
	}
	r.byJID[v.JID] = v
	r.bytes += v.bytes()
	t.n++
	t.bytes += v.bytes()
}

func (t *verdicts) drop(k VerdictKey) {
	r := t.rooms[k.Room]
	v, there := t.get(k)
	if !there {
		return
	}
	delete(r.byJID, k.JID)
	r.bytes -= v.bytes()
	t.n--
	t.bytes -= v.bytes()
	if len(r.byJID) == 0 {
		delete(t.rooms, k.Room)
	}
}

// outdone returns what has to go for another verdict: the oldest of the same room
// where that has its part, and else the oldest of the room that has most. A room
// that has no more than this one loses nothing: then there is no place.
func (t *verdicts) outdone(v Verdict) (gone []VerdictKey, ok bool) {
	if _, there := t.get(v.key()); there {
		return nil, true
	}
	own := t.rooms[v.Room]
	switch {
	case own != nil && (len(own.byJID) >= maxVerdictsOfRoom || own.bytes+v.bytes() > maxVerdictBytesOfRoom):
		return own.oldest(v.bytes()), true
	case t.n < maxVerdicts && t.bytes+v.bytes() <= maxVerdictBytes:
		return nil, true
	}
	most := t.fullest()
	if own != nil && own.bytes+v.bytes() >= most.bytes {
		most = own
	}
	if own == nil && len(most.byJID) <= 1 {
		return nil, false
	}
	return most.oldest(v.bytes()), true
}

func (t *verdicts) fullest() *verdictsOf {
	var most *verdictsOf
	for _, r := range t.rooms {
		if most == nil || r.bytes > most.bytes {
			most = r
		}
	}
	return most
}

// oldest returns one verdict, or as many as make place for bytes, the oldest
// first.
func (r *verdictsOf) oldest(bytes int) (gone []VerdictKey) {
	left := maps.Clone(r.byJID)
	for freed := 0; len(left) > 0 && (len(gone) == 0 || freed < bytes); {
		var oldest *Verdict
		for _, v := range left {
			if oldest == nil || v.At.Before(oldest.At) {
				oldest = &v
			}
		}
		freed += oldest.bytes()
		gone = append(gone, oldest.key())
		delete(left, oldest.JID)
	}
	return gone
}

// ended returns what has ended.
func (t *verdicts) ended(now time.Time) (list []VerdictKey) {
	for _, r := range t.rooms {
		for _, v := range r.byJID {
			if v.ended(now) {
				list = append(list, v.key())
			}
		}
	}
	return list
}
