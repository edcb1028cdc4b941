package reconcile

import (
	"context"
	"log/slog"

	"usher/internal/logattr"
)

// tellLost says that joins come to nothing in a room that is there: usher let accounts in, and
// none of them appears. In a room for members the room itself may hold them back.
func (r *run) tellLost(ctx context.Context) {
	n := r.unasked.Lost(r.name.Domain, r.room)
	if n == 0 {
		return
	}
	if only, err := r.rooms.MembersOnly(ctx, r.room); err != nil || only {
		return
	}
	r.metrics.JoinsLost(n)
	r.log.LogAttrs(ctx, slog.LevelWarn, "accounts that usher let in do not come in, though the room is there: if "+
		"mod_muc_rate_limit is among its component's modules, take it out or set muc_rate_joins = 100000, and restart "+
		"Prosody: it queues joins, and with mod_muc_http_auth a queued join never ends and the room lets nobody in again",
		logattr.Room(r.room), slog.Int("n", n))
}
