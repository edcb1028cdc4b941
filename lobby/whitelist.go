package lobby

import "slices"

// A whitelist is the entries in force, by key and by JID or domain. It has no lock of
// its own.
type whitelist struct {
	entries map[listedKey]*listed
	byJID   map[string][]*listed
}

// A listed is an entry that is in force. One of the configuration and one of an
// operator may have the same key, side by side.
type listed struct {
	Entry
	pattern Pattern
	fixed   bool // of the configuration
}

type listedKey struct {
	EntryKey
	fixed bool
}

func newWhitelist() whitelist {
	return whitelist{entries: map[listedKey]*listed{}, byJID: map[string][]*listed{}}
}

func (e *listed) key() listedKey { return listedKey{e.Key(), e.fixed} }

func (w *whitelist) put(e *listed) {
	w.take(e.key())
	w.entries[e.key()] = e
	w.byJID[e.JID] = append(w.byJID[e.JID], e)
}

func (w *whitelist) take(key listedKey) {
	old := w.entries[key]
	if old == nil {
		return
	}
	delete(w.entries, key)
	rest := slices.DeleteFunc(slices.Clone(w.byJID[key.JID]), func(e *listed) bool { return e == old })
	if len(rest) == 0 {
		delete(w.byJID, key.JID)
		return
	}
	w.byJID[key.JID] = rest
}

// find returns what there is of a key: the operator's, or else the
// configuration's.
func (w *whitelist) find(key EntryKey) *listed {
	if e := w.entries[listedKey{key, false}]; e != nil {
		return e
	}
	return w.entries[listedKey{key, true}]
}
