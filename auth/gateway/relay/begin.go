package relay

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"usher/auth"
	"usher/auth/relayauth"
)

// An Arrival is what a connection brings for a relay host or its guest host.
type Arrival struct {
	Host, Main        string // of the stream, and whose guest host that is; or the same. In lower case
	Token, Resumption string
	Problem           *auth.Refusal // for which the login is refused
	Query             string        // of the address, without the token
	EarlyGuests       bool
	Network           netip.Prefix // of the client; invalid: not known
}

// Begin decides about a login before Prosody is dialled for it. The query is for
// Prosody: it has an inner token, and the identifier of a stream only if the login may
// resume that. The error is a [*auth.Refusal].
func (t *Streams) Begin(ctx context.Context, a Arrival) (c Client, query string, err error) {
	r := relayauth.Request{Credentials: auth.Credentials{
		Door: t.Door, Host: a.Main, Token: a.Token, Resumption: a.Resumption, Problem: a.Problem,
	}}
	r.Network = a.Network
	if a.Host != a.Main {
		r.Guest = a.Host
	}
	kept := ""
	kept, r.Room, r.Tenant = split(a.Query)
	l, err := t.Logins.Begin(ctx, r)
	if err != nil {
		return Client{}, "", err
	}
	token, err := t.Logins.InnerToken(ctx, l)
	if err != nil {
		return Client{}, "", err
	}
	c = Client{Login: l, Host: a.Host, EarlyGuests: a.EarlyGuests}
	if l.Resumes != "" {
		c.Resumption = a.Resumption
	}
	return c, with(with(kept, "token", token), "previd", c.Resumption), nil
}

// split takes what usher decides itself out of a query, and reads the room and the
// tenant that are meant.
func split(query string) (kept, room, tenant string) {
	var list []string
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, _ = url.QueryUnescape(name)
		switch value, _ := url.QueryUnescape(value); name {
		case "token", "jwt", "previd":
			continue
		case "room":
			room = value
		case "prefix":
			tenant = value
		}
		if pair != "" {
			list = append(list, pair)
		}
	}
	return strings.Join(list, "&"), room, tenant
}

// with adds a pair to a query, unless the value is empty.
func with(query, name, value string) string {
	switch {
	case value == "":
		return query
	case query != "":
		query += "&"
	}
	return query + name + "=" + url.QueryEscape(value)
}
