package access

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"usher/internal/admin"
	"usher/moderation"
)

// A Viewer is who looks at the console: an operator, by a link of usher console or by a token, or a moderator, by the
// link of a message.
type Viewer struct {
	Operator bool

	UID  *uint32 // of an operator by a link: who had it made; nil for others
	User string  // of an operator: that user's name, or whom the token names

	Issuer string // of an operator by a token

	// Of a moderator: a bare JID, the session of a token that the link is bound to, and the room that it was made for.
	Account string
	Session moderation.ID
	Room    string
	Display string // whom the token says its user is, for people to read; empty: nobody
	Host    string // of an operator by a token, too

	Until time.Time // when the session ends at the latest

	session key // of the cookie's secret
}

// A Moderator is whom a link of a message is for.
type Moderator struct {
	Account string        // bare JID
	Host    string        // the virtual host
	Session moderation.ID // the link, and who entered by it, are good as long as it counts
	Room    string        // bare JID: where somebody waits
	Display string        // whom the token says its user is; or empty
}

// Name names a viewer for people.
func (v Viewer) Name() string {
	switch {
	case v.UID != nil && v.User != "":
		return v.User
	case v.UID != nil:
		return fmt.Sprintf("uid %d", *v.UID)
	}
	return cmp.Or(v.Account, v.User)
}

// Author is the viewer as the audit has it.
func (v Viewer) Author() admin.Author {
	return admin.Author{Via: "console", UID: v.UID, User: v.User, Issuer: v.Issuer, Account: v.Account}
}

type viewerKey struct{}

// NewContext returns a context of requests by a viewer.
func NewContext(ctx context.Context, v Viewer) context.Context {
	return admin.WithAuthor(context.WithValue(ctx, viewerKey{}, v), v.Author())
}

// FromContext returns the viewer of a request. Of a route for anybody there may be none.
func FromContext(ctx context.Context) (v Viewer, ok bool) {
	v, ok = ctx.Value(viewerKey{}).(Viewer)
	return v, ok
}
