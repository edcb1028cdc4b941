package access

import (
	"container/list"
	"slices"
	"time"
)

// An entry is a link or a session.
type entry struct {
	viewer Viewer
	until  time.Time
	holds  func() bool // of a session; nil: it rests on nothing else
	open   [kinds]int  // of a session

	key key
	at  *list.Element
}

// A table holds no more than so many entries, and no more of one account. Where there is no place, the oldest goes. All
// entries are good for as long: the oldest ends first.
type table struct {
	most, mostOf int // mostOf is 0 where accounts are not told apart

	entries   map[key]*entry
	order     *list.List          // of entries, the oldest first
	byAccount map[string][]*entry // likewise
}

func newTable(most, mostOf int) table {
	return table{most: most, mostOf: mostOf, entries: map[key]*entry{}, order: list.New(),
		byAccount: map[string][]*entry{}}
}

func (t *table) get(k key) (*entry, bool) {
	e, there := t.entries[k]
	return e, there
}

// put adds an entry. What is over goes first.
func (t *table) put(k key, e *entry, now time.Time) {
	for t.order.Len() > 0 {
		oldest := t.order.Front().Value.(*entry)
		if now.Before(oldest.until) && t.order.Len() < t.most {
			break
		}
		t.take(oldest.key)
	}
	e.key, e.at = k, t.order.PushBack(e)
	t.entries[k] = e
	if t.mostOf == 0 {
		return
	}
	account := e.viewer.Account
	if own := t.byAccount[account]; len(own) >= t.mostOf {
		t.take(own[0].key)
	}
	t.byAccount[account] = append(t.byAccount[account], e)
}

// take drops an entry, and returns it.
func (t *table) take(k key) (*entry, bool) {
	e, there := t.entries[k]
	if !there {
		return nil, false
	}
	delete(t.entries, k)
	t.order.Remove(e.at)
	if t.mostOf == 0 {
		return e, true
	}
	account := e.viewer.Account
	own := slices.DeleteFunc(t.byAccount[account], func(o *entry) bool { return o == e })
	if t.byAccount[account] = own; len(own) == 0 {
		delete(t.byAccount, account)
	}
	return e, true
}
