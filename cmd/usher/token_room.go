package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/moderation"
)

// A roomExaminer says what a token could do in one room, as the daemon would.
type roomExaminer struct {
	policy *moderation.Policy
	config *config
	room   string // bare JID, or a localpart
}

func newRoomExaminer(c *config, room string) (*roomExaminer, error) {
	policy, err := moderation.NewPolicy(c.rooms)
	if err != nil {
		return nil, err
	}
	return &roomExaminer{policy, c, room}, nil
}

// explain adds the checks of the room to those of the token. They are made
// only with what a signature proves.
func (e *roomExaminer) explain(r *auth.Report) {
	if r.Identity.Host == "" {
		r.Checks = append(r.Checks, auth.NotChecked("room_token", "signature"))
		return
	}
	lines, d := e.policy.Explain(r.Identity, e.jid(r.Identity.Host), time.Now())
	r.Checks = append(r.Checks, lines...)
	switch {
	case d.Allowed && r.Allowed:
		r.Affiliation = string(d.Affiliation)
	case !d.Allowed && r.Allowed:
		r.Allowed, r.Reason = false, auth.Reason(d.Reason)
	}
}

// jid completes a name with the host's first MUC component.
func (e *roomExaminer) jid(host string) string {
	if strings.Contains(e.room, "@") {
		return e.room
	}
	local := e.room
	if s, err := jid.Spell(e.room); err == nil {
		local = cmp.Or(s.Plain, s.Encoded)
	}
	for _, h := range e.config.rooms {
		if h.Host == host && len(h.MUC) > 0 {
			return fmt.Sprintf("%s@%s", local, h.MUC[0])
		}
	}
	return e.room + "@" + host
}
