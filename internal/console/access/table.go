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

// A table holds no more than so many entries, and no more of one account. Where there is no place, the oldest goes; of
// an account whose entries stay, none of the same session comes. All entries are good for as long: the oldest ends
// first.
type table struct {
	most, mostOf int  // mostOf is 0 where accounts are not told apart
	stay         bool // entries of an account, for its next ones

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

// put adds an entry, unless its account has as many as it may have, and they stay. What is over goes first.
func (t *table) put(k key, e *entry, now time.Time) bool {
	account := e.viewer.Account
	t.dropUntil(func(oldest *entry) bool { return now.Before(oldest.until) })
	if own := t.byAccount[account]; t.stay && len(own) >= t.mostOf && own[0].viewer.Session == e.viewer.Session {
		return false
	}
	t.dropUntil(func(*entry) bool { return t.order.Len() < t.most })
	e.key, e.at = k, t.order.PushBack(e)
	t.entries[k] = e
	if t.mostOf == 0 {
		return true
	}
	if own := t.byAccount[account]; len(own) >= t.mostOf {
		t.take(own[0].key)
	}
	t.byAccount[account] = append(t.byAccount[account], e)
	return true
}

// dropUntil drops the oldest entries until one may stay.
func (t *table) dropUntil(stays func(oldest *entry) bool) {
	for t.order.Len() > 0 {
		oldest := t.order.Front().Value.(*entry)
		if stays(oldest) {
			return
		}
		t.take(oldest.key)
	}
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
