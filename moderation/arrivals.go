package moderation

import (
	"container/list"
	"sync"
	"time"
)

const (
	arrivalKept        = 10 * time.Second
	maxArrivals        = 10_000
	maxArrivalsOfARoom = 16
)

// arrivals remembers who is about to join a room that may not be there yet.
// Prosody asks what a new room begins with and does not say who makes it. It is
// a hint at whom to look at, and gives nobody anything. At the bound the oldest
// goes; of one room those who come first count. The zero value is ready.
type arrivals struct {
	mu    sync.Mutex
	rooms map[string]map[accountKey]*list.Element // of byAge, by the room's JID
	byAge list.List                               // of arrival, the oldest first
}

type arrival struct {
	room    string
	account accountKey
	at      time.Time
}

func (a *arrivals) add(room string, account accountKey, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	switch e := a.rooms[room][account]; {
	case e != nil:
		a.drop(e)
	case len(a.rooms[room]) >= maxArrivalsOfARoom:
		return
	case a.byAge.Len() >= maxArrivals:
		a.drop(a.byAge.Front())
	}
	if a.rooms == nil {
		a.rooms = map[string]map[accountKey]*list.Element{}
	}
	if a.rooms[room] == nil {
		a.rooms[room] = map[accountKey]*list.Element{}
	}
	a.rooms[room][account] = a.byAge.PushBack(arrival{room, account, now})
}

// of returns whose accounts are about to join a room.
func (a *arrivals) of(room string, now time.Time) []accountKey {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	accounts := make([]accountKey, 0, len(a.rooms[room]))
	for account := range a.rooms[room] {
		accounts = append(accounts, account)
	}
	return accounts
}

// sweep wants the lock.
func (a *arrivals) sweep(now time.Time) {
	for e := a.byAge.Front(); e != nil && now.Sub(e.Value.(arrival).at) >= arrivalKept; e = a.byAge.Front() {
		a.drop(e)
	}
}

// drop wants the lock.
func (a *arrivals) drop(e *list.Element) {
	v := a.byAge.Remove(e).(arrival)
	if delete(a.rooms[v.room], v.account); len(a.rooms[v.room]) == 0 {
		delete(a.rooms, v.room)
	}
}
