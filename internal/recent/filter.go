package recent

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/jid"
	"usher/internal/loginid"
)

// A Filter says which decisions are wanted. The zero value wants all that were not allowed.
type Filter struct {
	Account string // in any spelling: a JID, its localpart, either unescaped, or what the token calls its user
	Room    string // a JID or a localpart, with its tenant or without
	Door    string // where the question came in
	Reason  string
	LoginID loginid.ID // of a login, and of what rests on it
	Since   time.Time
	All     bool // those that were allowed, too
	Last    int  // no more than so many, the last ones; 0: all
}

// wants reports whether a decision is wanted.
func (f *Filter) wants(d *Decision) bool {
	switch {
	case !f.All && d.Allowed(),
		d.Time.Before(f.Since),
		f.Door != "" && !strings.EqualFold(f.Door, d.Door),
		f.Reason != "" && f.Reason != d.Reason,
		f.LoginID != 0 && f.LoginID != d.LoginID,
		f.Room != "" && !sameRoom(f.Room, d.Room):
		return false
	}
	return f.Account == "" || sameAccount(f.Account, d)
}

// sameAccount compares an account as a person writes it with all that a decision calls the account.
func sameAccount(written string, d *Decision) bool {
	written, _, _ = strings.Cut(strings.TrimSpace(written), "/")
	var names []string
	for _, called := range []string{d.Account, d.Name} {
		if called == "" {
			continue
		}
		local, domain := called, ""
		if i := strings.LastIndexByte(called, '@'); i >= 0 {
			local, domain = called[:i], called[i:]
		}
		names = append(names, called, local, jid.Unescape(local), jid.Unescape(local)+domain, jid.Escape(local),
			jid.Escape(local)+domain)
	}
	names = append(names, d.User, d.DisplayID)
	return slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(name, written) })
}

// sameRoom compares a room as a person writes it with the address that was asked about.
func sameRoom(written, room string) bool {
	if strings.EqualFold(written, room) {
		return true
	}
	local, domain, _ := strings.Cut(room, "@")
	names := []string{local, jid.Unescape(local)}
	if plain, err := url.PathUnescape(local); err == nil {
		names = append(names, plain)
	}
	if strings.HasPrefix(local, "[") {
		if _, name, found := strings.Cut(local, "]"); found {
			names = append(names, name)
		}
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return name != "" && (strings.EqualFold(name, written) || strings.EqualFold(name+"@"+domain, written))
	})
}
