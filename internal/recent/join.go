package recent

import (
	"cmp"
	"strings"

	"usher/metrics"
	"usher/moderation/muc"
)

// Join keeps a question about a room.
func (d *Decisions) Join(j muc.Decided) {
	room, _, _ := strings.Cut(j.Room, "/")
	e := &entry{kind: kind{about: Join, door: j.Door, reason: string(j.Decision.Reason)}, login: j.LoginID,
		result: metrics.Allowed, account: named(j.Account), room: named(room), displayID: j.Person.ID, displayName: j.Person.Name,
		affiliation: string(j.Decision.Affiliation), detail: kept(j.Decision.Detail, longestDetail)}
	if j.Creates {
		e.about, e.reason = Room, cmp.Or(e.reason, metrics.ReasonOK)
	}
	if g := j.Decision.Session; g != nil {
		e.host, e.issuer, e.user = g.Host, kept(g.Issuer, longestName), kept(g.User, longestName)
	}
	switch {
	case j.Decision.Reason.Undecided():
		e.result = metrics.Undecided
	case !j.Decision.Allowed:
		e.result = metrics.Denied
	}
	d.add(e)
}
