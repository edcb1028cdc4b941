package explain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/auth"
	"usher/internal/jid"
	"usher/moderation"
)

// rooms say what a token could do in one room, as the daemon would.
type rooms struct {
	policy *moderation.Policy
	hosts  []moderation.HostPolicy
}

// addTo adds the checks of a room, by its bare JID or its localpart, to those
// of the token. They are made only with what a signature proves.
func (r *rooms) addTo(report *auth.Report, room string) {
	if report.Identity.Host == "" {
		report.Checks = append(report.Checks, auth.NotChecked("room_token", "signature"))
		return
	}
	lines, d := r.policy.Explain(report.Identity, r.jid(room, report.Identity.Host), time.Now())
	report.Checks = append(report.Checks, lines...)
	switch {
	case d.Allowed && report.Allowed:
		report.Affiliation = string(d.Affiliation)
	case !d.Allowed && report.Allowed:
		report.Allowed, report.Reason = false, auth.Reason(d.Reason)
	}
}

// jid completes a name with the host's first MUC component.
func (r *rooms) jid(room, host string) string {
	if strings.Contains(room, "@") {
		return room
	}
	local := room
	if s, err := jid.Spell(room); err == nil {
		local = cmp.Or(s.Plain, s.Encoded)
	}
	for _, h := range r.hosts {
		if h.Host == host && len(h.MUC) > 0 {
			return fmt.Sprintf("%s@%s", local, h.MUC[0])
		}
	}
	return room + "@" + host
}

// names reports whether the configuration has a host, and rooms of it.
func (r *rooms) names(host string) bool {
	return slices.ContainsFunc(r.hosts, func(h moderation.HostPolicy) bool { return h.Host == host && len(h.MUC) > 0 })
}
