package try

import (
	"context"
	"strings"
)

// joinAsked says whether usher was asked about the join.
func (t *visit) joinAsked(ctx context.Context) result {
	return t.asked(ctx, "join", "mod_muc_http_auth", "anybody joins any room")
}

// roomAsked says whether usher was asked about the room, if it was made for this join.
func (t *visit) roomAsked(ctx context.Context) result {
	if t.relay() || !t.occupant.Created {
		return result{}
	}
	return t.asked(ctx, "room", "mod_muc_http_defaults", "the first to join owns the room")
}

func (t *visit) asked(ctx context.Context, about, module, danger string) result {
	if t.room == "" {
		return result{}
	}
	if d, found := t.decided(ctx, func(d *decision) bool { return string(d.About) == about }); found {
		return passed("usher was asked, at the door %s", d.Door)
	}
	if why := t.unsure(); why != "" {
		return unknown(why)
	}
	if t.relay() {
		return failed("keep Prosody's ports from everybody but usher", "usher did not see the join").beside()
	}
	_, domain, _ := strings.Cut(t.room, "@")
	return failed(t.moduleMend(module, t.componentLine(domain)), "usher was not asked: %s", danger).beside()
}
