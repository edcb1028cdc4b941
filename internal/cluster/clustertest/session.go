package clustertest

import (
	"usher/internal/cluster"
	"usher/moderation"
)

// A sessionRecord is what is known of a session: a login, or that a login of it has ended. Real ushers end sessions
// each by itself. Here ends are told, so that what is told once and then forgotten is tried as well.
type sessionRecord struct {
	Session moderation.Session // of an end, only ID and LoggedIn
	Ended   bool
}

// mergeSessions has the later login win, so that the end of a former one does not touch it; of one login its end.
func mergeSessions(a, b sessionRecord) sessionRecord {
	if a.Session.LoggedIn.Equal(b.Session.LoggedIn) && a.Ended != b.Ended {
		if a.Ended {
			return a
		}
		return b
	}
	if b.Session.Outdoes(&a.Session) {
		return b
	}
	return a
}

func ofSession(r *sessionRecord) cluster.Fact {
	return cluster.Fact{Kind: cluster.KindSession, Key: cluster.KeyOf(cluster.KindSession, r.Session.ID.String()),
		Body: body(r)}
}
