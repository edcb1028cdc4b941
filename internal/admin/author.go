package admin

import (
	"context"
	"errors"
	"os/user"
	"strconv"

	"usher/internal/recent"
)

// An Author is who asks within the daemon's process, as the console does for the person at its other side. It stands in
// the audit.
type Author struct {
	Via string // where it is asked: "console"

	UID     *uint32 // of an operator by a link: of the process that had it made; nil for others
	User    string  // of an operator: that user's name, or whom the token names
	Issuer  string  // of an operator by a token
	Account string  // of a moderator: a bare JID
}

type authorKey struct{}

// WithAuthor returns a context whose requests within the process are of an author.
func WithAuthor(ctx context.Context, a Author) context.Context {
	return context.WithValue(ctx, authorKey{}, a)
}

// By begins the change of an author.
func (a Author) By() recent.Change {
	return recent.Change{Via: a.Via, UID: a.UID, User: a.User, Issuer: a.Issuer, Account: a.Account}
}

var errNoAuthor = errors.New("it is not known who asks")

// begin is a change before anything of it is done. It fails where nobody stands behind a request within the process:
// the peer of its connection is the console's.
func (s *server) begin(ctx context.Context, command string) (recent.Change, error) {
	c := recent.Change{}
	a, named := ctx.Value(authorKey{}).(Author)
	switch {
	case named:
		c = a.By()
	case isWithin(ctx):
		return recent.Change{Command: command}, errNoAuthor
	default:
		c.UID, c.User = s.who(ctx)
	}
	c.Command, c.Done = command, true
	return c, nil
}

// who is the user of the process that asks; nil if it is not known.
func (s *server) who(ctx context.Context) (uid *uint32, name string) {
	id, known := s.Peer(ctx)
	if !known {
		return nil, ""
	}
	if u, err := user.LookupId(strconv.FormatUint(uint64(id), 10)); err == nil {
		name = u.Username
	}
	return &id, name
}
