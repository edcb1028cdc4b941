package try

import (
	"context"
	"net/url"

	"usher/internal/admin"
)

// leave takes back what the trial did, however far it came.
func (t *run) leave(ctx context.Context) {
	if t.conn == nil && !t.maybeIn {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), HopWithin)
	defer cancel()
	r := t.leaveRoom(ctx)
	switch {
	case t.stream != nil:
		_ = t.stream.Close()
	case t.conn != nil:
		_ = t.conn.Close()
	}
	if r.state != Failed {
		r = t.endSession(ctx, r.seen)
	}
	if r.state != "" {
		t.note("end", r)
	}
}

// leaveRoom ends a room that the trial made, and leaves any other.
func (t *visit) leaveRoom(ctx context.Context) result {
	if t.room == "" {
		return result{}
	}
	if t.occupant.Created && t.stream.Destroy(ctx, t.room) == nil {
		return result{seen: "the room is gone"}
	}
	if err := t.stream.Leave(ctx, t.room, t.name); err != nil {
		return failed("the room lets go of it by itself in a moment", "%s did not answer to the leave: %v", t.room, err)
	}
	return result{seen: "the room is left"}
}

// endSession has the daemon forget the session of a token that was made here. One that was given may have other
// sessions, of a person: it stays good.
func (t *run) endSession(ctx context.Context, room string) result {
	if !t.maybeIn || t.status == nil {
		return ended(room, "")
	}
	if t.Token != "" {
		return ended(room, "the session ends with the token that was given")
	}
	const later = "it ends by itself in a minute"
	var answer admin.RevokeAnswer
	err := t.ask(ctx, "POST", "/sessions/revoke?token="+url.QueryEscape(t.known.Identity.TokenPrint), &answer)
	switch {
	case err != nil:
		return failed(later, "the session at usher: %v", err)
	case answer.Problem != "":
		return failed(later, "the session at usher: %s", answer.Problem)
	case answer.Unknown:
		return ended(room, "")
	}
	return ended(room, "the session is ended")
}

// ended says what became of the room and the session.
func ended(room, session string) result {
	switch {
	case room == "" && session == "":
		return result{}
	case room == "" || session == "":
		return passed("%s", room+session)
	}
	return passed("%s, and %s", room, session)
}
