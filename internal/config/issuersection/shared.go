package issuersection

import (
	"slices"

	"usher/auth"
	"usher/auth/keys"
	"usher/internal/strictyaml"
	"usher/internal/text"
)

// Holders are the issuers of all hosts with their keys, in the order of the file.
type Holders []holder

// A holder is an issuer of a host, and one of its keys.
type holder struct {
	host, issuer string
	key          *keys.Key
	file         strictyaml.Item // where the key's file is named
	anySub       bool            // the host does not look at sub
}

// Check warns where a key of the host that was just read is also another
// issuer's, once for each issuer: what keeps their tokens apart is then only what
// the tokens say. An issuer that two hosts have under one name is one application,
// and sub tells its hosts apart, if it is looked at.
func (holders Holders) Check(host string, subject auth.SubjectMode) {
	warned := map[string]bool{}
	for i := range holders {
		h := &holders[i]
		if h.host != host {
			continue
		}
		h.anySub = subject == auth.SubjectAny
		other := slices.IndexFunc(holders[:i], func(o holder) bool { return h.mixesUp(&o) })
		if other >= 0 && !warned[h.issuer] {
			warned[h.issuer] = true
			h.warn(&holders[other])
		}
	}
}

// Of returns an issuer that has a key, and its host.
func (holders Holders) Of(key *keys.Key) (issuer, host string, found bool) {
	for _, h := range holders {
		if h.key.SameMaterial(key) {
			return h.issuer, h.host, true
		}
	}
	return "", "", false
}

func (h *holder) mixesUp(o *holder) bool {
	switch {
	case !h.key.SameMaterial(o.key) || h.host == o.host && h.issuer == o.issuer:
		return false
	case h.host != o.host && h.issuer == o.issuer:
		return h.anySub || o.anySub
	}
	return true
}

func (h *holder) warn(o *holder) {
	name, other := text.Clip(h.file.Text), text.Clip(o.issuer)
	switch {
	case h.host == o.host:
		h.file.Warn("give each issuer a key of its own, unless both are one application",
			"the key of %q is also that of issuer %q: "+
				"the application of one can make tokens of the other, for its accounts, tenants and rooms", name, other)
	case h.issuer == o.issuer:
		h.file.Warn("set tokens.subject: tenant on both, or give each host a key of its own",
			"the key of %q is also that of issuer %q of the host %q: "+
				"with subject: any a token made for one host is good on the other", name, other, text.Clip(o.host))
	default:
		h.file.Warn("give each host a key of its own, unless both issuers are one application",
			"the key of %q is also that of issuer %q of the host %q: "+
				"the application of one can make tokens for the other host", name, other, text.Clip(o.host))
	}
}
