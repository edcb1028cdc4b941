package recent

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"usher/internal/logattr"
	"usher/internal/text"
)

// The bounds of what is kept of changes: of operators' and of moderators' as many each, so that neither push out the
// others'.
const (
	maxChangesOf = 500
	longestAbout = 512 // bytes of a target, and of why it was refused
)

// A Change is what an operator or a moderator changed, or was refused.
type Change struct {
	Time    time.Time `json:"time"`
	Via     string    `json:"via,omitempty"`     // "console"; absent: the command line, or a message
	UID     *uint32   `json:"uid,omitempty"`     // of the operator's process, also of the one that had a link made
	User    string    `json:"user,omitempty"`    // its name, if it has one; with an issuer: whom the operator's token names
	Issuer  string    `json:"issuer,omitempty"`  // of the operator's token
	Account string    `json:"account,omitempty"` // of the moderator: a bare JID
	Command string    `json:"command"`           // as the command line has it
	Target  string    `json:"target,omitempty"`  // what was to be changed
	Done    bool      `json:"done"`
	Why     string    `json:"why,omitempty"` // it was refused; of what was done, what is still open
}

// By names who did it, for people.
func (c *Change) By() string {
	switch {
	case c.Via == "":
		return c.user()
	case c.UID != nil:
		return c.Via + ", link of " + c.user()
	}
	return c.Via + ": " + c.user()
}

func (c *Change) user() string {
	switch {
	case c.UID == nil && c.Issuer != "":
		return fmt.Sprintf("%s (%s)", c.User, c.Issuer)
	case c.UID == nil:
		return cmp.Or(c.Account, "-")
	case c.User == "":
		return fmt.Sprintf("uid %d", *c.UID)
	}
	return fmt.Sprintf("%s (uid %d)", c.User, *c.UID)
}

// Refuse notes why nothing was changed.
func (c *Change) Refuse(err error) { c.Done, c.Why = false, err.Error() }

// An Audit writes each change into the log, and keeps the last ones. They are kept in memory alone: what is to last,
// and what nobody may change whom it is about, is the log. It is safe for concurrent use.
type Audit struct {
	log *slog.Logger
	now func() time.Time

	mu         sync.Mutex
	operators  []Change // the oldest first
	moderators []Change
}

// NewAudit returns an empty one. Without a log none is written; a nil now is time.Now.
func NewAudit(log *slog.Logger, now func() time.Time) *Audit {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if now == nil {
		now = time.Now
	}
	return &Audit{log: log, now: now}
}

// Record writes and keeps a change. A nil Audit does nothing.
func (a *Audit) Record(ctx context.Context, c Change) {
	if a == nil {
		return
	}
	c.Time = a.now()
	c.Account, c.User, c.Issuer = named(c.Account), named(c.User), kept(c.Issuer, longestName)
	c.Target, c.Why = strings.Clone(text.ClipTo(c.Target, longestAbout)), strings.Clone(text.ClipTo(c.Why, longestAbout))
	a.mu.Lock()
	list := &a.operators
	if c.Account != "" {
		list = &a.moderators
	}
	if len(*list) >= maxChangesOf {
		*list = (*list)[1:]
	}
	*list = append(*list, c)
	a.mu.Unlock()
	result := "refused"
	if c.Done {
		result = "done"
	}
	attrs := []slog.Attr{slog.String("command", c.Command), slog.String("target", c.Target), slog.String("result", result)}
	switch {
	case c.UID != nil:
		attrs = append(attrs, slog.Uint64("uid", uint64(*c.UID)), slog.String("user", c.User))
	case c.Issuer != "":
		attrs = append(attrs, slog.String("user", c.User), slog.String("issuer", text.Name(c.Issuer)))
	case c.Account != "":
		attrs = append(attrs, logattr.Account(c.Account))
	}
	if c.Via != "" {
		attrs = append(attrs, slog.String("via", c.Via))
	}
	if c.Why != "" {
		attrs = append(attrs, slog.String("why", c.Why))
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
}

// Decided records what a moderator decided about accounts that wait in a room. An error that holds says that it was
// done, and what is still open.
func (a *Audit) Decided(ctx context.Context, via, moderator, room string, accounts []string, admit, done bool,
	err error) {
	c := Change{Via: via, Account: moderator, Command: "lobby deny", Done: done,
		Target: room + " " + strings.Join(text.First(accounts, 10), " ")}
	if admit {
		c.Command = "lobby admit"
	}
	if err != nil {
		c.Why = err.Error()
	}
	a.Record(ctx, c)
}

// List returns what is kept, the oldest first.
func (a *Audit) List() []Change {
	a.mu.Lock()
	defer a.mu.Unlock()
	list := append(make([]Change, 0, len(a.operators)+len(a.moderators)), a.operators...)
	list = append(list, a.moderators...)
	slices.SortStableFunc(list, func(x, y Change) int { return x.Time.Compare(y.Time) })
	return list
}
