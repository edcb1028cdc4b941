package muc

import (
	"container/list"
	"sync"
	"time"
)

const (
	pendingKept      = 10 * time.Second
	maxPending       = 10_000
	maxPendingOfRoom = 16
)

// pendingJoins remember which accounts are about to join a room that may not be there
// yet. Prosody asks what a new room begins with and does not say who makes it. It is a
// hint at which accounts to look at, and gives them nothing. At the bound the oldest
// goes; of one room those that come first count. The zero value is ready.
type pendingJoins struct {
	mu    sync.Mutex
	rooms map[string]map[account]*list.Element // of byAge, by the room's JID
	byAge list.List                            // of pendingJoin, the oldest first
}

type pendingJoin struct {
	room    string
	account account
	at      time.Time
}

// An account is a bare JID in two parts, which need no memory of their own.
type account struct{ host, name string }

func (p *pendingJoins) add(room string, who account, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweepLocked(now)
	switch e := p.rooms[room][who]; {
	case e != nil:
		p.dropLocked(e)
	case len(p.rooms[room]) >= maxPendingOfRoom:
		return
	case p.byAge.Len() >= maxPending:
		p.dropLocked(p.byAge.Front())
	}
	if p.rooms == nil {
		p.rooms = map[string]map[account]*list.Element{}
	}
	if p.rooms[room] == nil {
		p.rooms[room] = map[account]*list.Element{}
	}
	p.rooms[room][who] = p.byAge.PushBack(pendingJoin{room, who, now})
}

// of returns whose accounts are about to join a room.
func (p *pendingJoins) of(room string, now time.Time) []account {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweepLocked(now)
	accounts := make([]account, 0, len(p.rooms[room]))
	for account := range p.rooms[room] {
		accounts = append(accounts, account)
	}
	return accounts
}

// sweepLocked wants the lock.
func (p *pendingJoins) sweepLocked(now time.Time) {
	for e := p.byAge.Front(); e != nil && now.Sub(e.Value.(pendingJoin).at) >= pendingKept; e = p.byAge.Front() {
		p.dropLocked(e)
	}
}

// dropLocked wants the lock.
func (p *pendingJoins) dropLocked(e *list.Element) {
	v := p.byAge.Remove(e).(pendingJoin)
	if delete(p.rooms[v.room], v.account); len(p.rooms[v.room]) == 0 {
		delete(p.rooms, v.room)
	}
}
