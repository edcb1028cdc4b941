package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/config"
	"usher/internal/jid"
	"usher/moderation"
)

// A roomExaminer says what a token could do in one room, as the daemon would.
type roomExaminer struct {
	policy *moderation.Policy
	config *config.Config
}

func newRoomExaminer(c *config.Config) (*roomExaminer, error) {
	policy, err := moderation.NewPolicy(c.Rooms)
	if err != nil {
		return nil, err
	}
	return &roomExaminer{policy, c}, nil
}

// explain adds the checks of a room, by its bare JID or its localpart, to those
// of the token. They are made only with what a signature proves.
func (e *roomExaminer) explain(r *auth.Report, room string) {
	if r.Identity.Host == "" {
		r.Checks = append(r.Checks, auth.NotChecked("room_token", "signature"))
		return
	}
	lines, d := e.policy.Explain(r.Identity, e.jid(room, r.Identity.Host), time.Now())
	r.Checks = append(r.Checks, lines...)
	switch {
	case d.Allowed && r.Allowed:
		r.Affiliation = string(d.Affiliation)
	case !d.Allowed && r.Allowed:
		r.Allowed, r.Reason = false, auth.Reason(d.Reason)
	}
}

// jid completes a name with the host's first MUC component.
func (e *roomExaminer) jid(room, host string) string {
	if strings.Contains(room, "@") {
		return room
	}
	local := room
	if s, err := jid.Spell(room); err == nil {
		local = cmp.Or(s.Plain, s.Encoded)
	}
	for _, h := range e.config.Rooms {
		if h.Host == host && len(h.MUC) > 0 {
			return fmt.Sprintf("%s@%s", local, h.MUC[0])
		}
	}
	return room + "@" + host
}

// names reports whether the configuration has a host, and rooms of it.
func (e *roomExaminer) names(host string) bool {
	return slices.ContainsFunc(e.config.Rooms, func(h moderation.HostPolicy) bool { return h.Host == host && len(h.MUC) > 0 })
}
