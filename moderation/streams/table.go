package streams

import (
	"maps"
	"time"

	"usher/auth"
	"usher/auth/relayauth"
	"usher/internal/bounded"
	"usher/internal/jid"
)

// Limits bound what is remembered. At a bound a stream goes: of its principal, if that has
// too many, or else of all, one that was lost long ago rather than one that is connected. A
// client whose stream went cannot resume it, and logs in again.
type Limits struct {
	Streams     int
	OfPrincipal int // those without a token have one principal on each host
	Bytes       int // of names
}

// UsualLimits are those of the daemon.
func UsualLimits() Limits { return Limits{Streams: 200_000, OfPrincipal: 20_000, Bytes: 96 << 20} }

// maxName bounds the text that names a principal, in bytes. A token is smaller.
const maxName = 64 << 10

// An entry is a stream that is remembered.
type entry struct {
	Stream
	until time.Time // zero while it is connected
	since time.Time // when it was remembered, or lost
}

// over reports whether the stream is remembered no more.
func (e *entry) over(now time.Time) bool { return !e.until.IsZero() && !now.Before(e.until) }

// before reports whether the stream makes room rather than another.
func (e *entry) before(other *entry) bool {
	if e.until.IsZero() != other.until.IsZero() {
		return !e.until.IsZero()
	}
	return e.since.Before(other.since)
}

// A principal is whose a stream is, for the bounds: those without a token are kept apart by
// host alone.
type principal struct {
	auth.Principal
	host string // of those without a token
}

func (e *entry) principal() principal {
	if e.Principal == (auth.Principal{}) {
		return principal{host: e.Host}
	}
	return principal{Principal: e.Principal}
}

func (e *entry) bytes() int {
	n := len(e.Print) + len(e.Host) + len(e.Account) + len(e.TokenPrint)
	return n + len(e.Principal.Host) + len(e.Principal.Issuer) + len(e.Principal.User) + len(e.Principal.Token)
}

// fits reports whether the texts of a stream are of a length that is remembered.
func fits(s relayauth.Stream) bool {
	p := s.Principal
	return len(s.Host)+len(s.Account) < jid.MaxJID && len(s.TokenPrint)+len(p.Host)+len(p.Issuer)+len(p.User)+
		len(p.Token) <= maxName
}

// An account has one stream: Prosody gives an account of the relay to one login.
type account struct{ host, name string }

// A table is the streams, and what finds them. The lock is the caller's.
type table struct {
	Limits
	all         map[string]*entry // by print
	byAccount   map[account]*entry
	byPrincipal map[principal]map[string]*entry // by print
	bytes       int
}

func newTable(l Limits) table {
	return table{Limits: l, all: map[string]*entry{}, byAccount: map[account]*entry{},
		byPrincipal: map[principal]map[string]*entry{}}
}

// put takes a stream in the place of the one with its print, and of the one that its account
// had before. It returns the prints of those that went for it.
func (t *table) put(e *entry) (gone []string) {
	if old := t.all[e.Print]; old != nil {
		t.drop(old)
	}
	if old := t.byAccount[account{e.Host, e.Account}]; old != nil {
		t.drop(old)
		gone = append(gone, old.Print)
	}
	gone = append(gone, t.makeRoom(e)...)
	t.all[e.Print] = e
	t.byAccount[account{e.Host, e.Account}] = e
	who := e.principal()
	if t.byPrincipal[who] == nil {
		t.byPrincipal[who] = map[string]*entry{}
	}
	t.byPrincipal[who][e.Print] = e
	t.bytes += e.bytes()
	return gone
}

// demoted reports whether a stream was demoted that is remembered anew, for a login with the
// same token: that may have been since the login began.
func (t *table) demoted(of Stream) bool {
	old := t.all[of.Print]
	return old != nil && old.Demoted && old.TokenPrint == of.TokenPrint
}

func (t *table) makeRoom(e *entry) (gone []string) {
	for len(t.all) > 0 {
		from := t.all
		switch own := t.byPrincipal[e.principal()]; {
		case len(own) >= t.OfPrincipal:
			from = own
		case len(t.all) < t.Streams && t.bytes+e.bytes() <= t.Bytes:
			return gone
		}
		least, _ := bounded.Least(maps.Values(from), (*entry).before)
		t.drop(least)
		gone = append(gone, least.Print)
	}
	return gone
}

func (t *table) drop(e *entry) {
	if t.all[e.Print] != e {
		return
	}
	delete(t.all, e.Print)
	if k := (account{e.Host, e.Account}); t.byAccount[k] == e {
		delete(t.byAccount, k)
	}
	who := e.principal()
	if delete(t.byPrincipal[who], e.Print); len(t.byPrincipal[who]) == 0 {
		delete(t.byPrincipal, who)
	}
	t.bytes -= e.bytes()
}
