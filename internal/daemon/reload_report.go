package daemon

import (
	"context"
	"slices"
	"time"

	"usher/internal/admin"
	"usher/internal/recent"
)

// finish tells everybody how a reload ended.
func (r *reloader) finish(ctx context.Context, trigger string, result admin.Reload) {
	last := r.last.Swap(&result)
	r.metrics.Reloaded(result.OK, result.Time)
	if result.OK {
		r.warn(result)
		r.log.Info("reloaded", "trigger", trigger, "changes", result.Changes)
		r.audit(ctx, trigger, &result)
		r.notify.Ready(servingStatus(r.current.Load()))
		return
	}
	again := trigger == triggerRetry && last != nil && slices.Equal(last.Problems, result.Problems)
	if again { // the log has it already
		r.log.Warn("reload refused again for the same reason", refusedAttrs(&result, trigger)...)
	} else {
		for _, p := range result.Problems {
			r.log.Error("configuration problem", "problem", p)
		}
		r.warn(result)
		r.log.Error("reload refused; the old configuration stays in force", refusedAttrs(&result, trigger)...)
		r.audit(ctx, trigger, &result)
	}
	r.notify.Ready("the last reload was refused; the old configuration stays in force" + result.RetryText())
}

// audit records a reload that nobody asked for over the admin socket, where that is done.
func (r *reloader) audit(ctx context.Context, trigger string, result *admin.Reload) {
	if trigger == triggerCommand || r.rooms == nil {
		return
	}
	r.rooms.audit.Record(ctx, recent.Change{Command: "reload", Target: trigger, Done: result.OK,
		Why: result.Reason()})
}

// justChanged returns what the last reload changed, if that was a moment ago and this one changes nothing.
func (r *reloader) justChanged(result admin.Reload) []string {
	const moment = 10 * time.Second
	last := r.last.Load()
	if last == nil || !last.OK || len(result.Changes) > 0 || result.Time.Sub(last.Time) > moment {
		return nil
	}
	return last.Changes
}

func (r *reloader) warn(result admin.Reload) {
	for _, w := range result.Warnings {
		r.log.Warn("configuration warning", "warning", w)
	}
}

func refusedAttrs(r *admin.Reload, trigger string) []any {
	attrs := []any{"trigger", trigger, "problems", len(r.Problems), "reason", r.Reason()}
	if !r.RetryAt.IsZero() {
		attrs = append(attrs, "tries", r.Tries, "again_at", r.RetryAt.Format(time.RFC3339))
	}
	return attrs
}
