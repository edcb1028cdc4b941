package muc

import (
	"context"
	"log/slog"

	"usher/internal/logattr"
	"usher/metrics"
	"usher/moderation"
)

// conclude counts a join and writes its line, whichever way it was asked about.
func (m *Service) conclude(ctx context.Context, log *slog.Logger, user, room string, d moderation.Decision) {
	result, line, level := metrics.Allowed, "join allowed", slog.LevelInfo
	switch {
	case d.Reason.Undecided():
		result, line, level = metrics.Undecided, "join not decided", slog.LevelError
	case d.HeldByRoom:
		result, line = metrics.Denied, "join left to the room, which lets members in only"
	case !d.Allowed:
		result, line = metrics.Denied, "join refused"
	}
	m.metrics.Join(result, string(d.Reason))
	if log != nil && log.Enabled(ctx, level) {
		log.LogAttrs(ctx, level, line, m.attrs(user, room, d)...)
	}
}

// attrs are those of a line about a join. Behind an account that Prosody drew at random stands
// who the token says it is.
func (m *Service) attrs(user, room string, d moderation.Decision) []slog.Attr {
	list := []slog.Attr{logattr.Account(user)}
	list = append(list, logattr.Person(m.sessions.Display(user))...)
	return append(list, logattr.Room(room), slog.String("reason", string(d.Reason)), slog.String("detail", d.Detail),
		slog.String("affiliation", string(d.Affiliation)))
}
