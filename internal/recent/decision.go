package recent

import (
	"time"

	"usher/auth"
	"usher/internal/loginid"
	"usher/internal/text"
	"usher/metrics"
	"usher/moderation"
)

// A Decision is one of the last ones, for an operator. It has no token.
type Decision struct {
	Time    time.Time  `json:"time"`
	About   About      `json:"about"`
	LoginID loginid.ID `json:"login,omitempty"` // the same of a login, and of what rests on it
	Door    string     `json:"door"`            // where the question came in
	Result  string     `json:"result"`          // allowed, denied, or error: it could not be decided
	Reason  string     `json:"reason"`
	Detail  string     `json:"detail,omitempty"` // what is wrong, and after a semicolon what to change
	Took    string     `json:"took,omitempty"`

	Host        string `json:"host,omitempty"`      // of the configuration
	Issuer      string `json:"issuer,omitempty"`    // likewise; of a refused login as the token claims it
	Key         string `json:"key,omitempty"`       // that made the signature, if it is good
	Account     string `json:"account,omitempty"`   // a bare JID; of a login only if a signature proves it
	User        string `json:"user,omitempty"`      // as the token calls its user, if a signature proves it
	DisplayID   string `json:"user_id,omitempty"`   // likewise
	DisplayName string `json:"user_name,omitempty"` // likewise
	Name        string `json:"name,omitempty"`      // what the client calls itself, or a token that nobody can verify
	Room        string `json:"room,omitempty"`      // a bare JID
	Affiliation string `json:"affiliation,omitempty"`

	// Of what was not allowed:
	Checks []auth.CheckLine `json:"checks,omitempty"` // as usher token explain has them
	Person string           `json:"person,omitempty"` // what the person was told, in English
	Cause  string           `json:"cause,omitempty"`  // how that comes about
	Mend   string           `json:"mend,omitempty"`

	// Missed are decisions before this one that a follower was too slow for. Then all else is empty.
	Missed int `json:"missed,omitempty"`
}

// Allowed reports whether the answer was yes.
func (d *Decision) Allowed() bool { return d.Result == metrics.Allowed.String() }

// decision is an entry as an operator sees it.
func (e *entry) decision() Decision {
	d := Decision{Time: e.at, About: e.about, LoginID: e.login, Door: e.door, Result: e.result.String(),
		Reason: e.reason, Detail: e.detail, Host: e.host, Issuer: e.issuer, Key: e.key, Account: e.account,
		User: e.user, DisplayID: e.displayID, DisplayName: e.displayName, Name: e.name, Room: e.room,
		Affiliation: e.affiliation}
	if e.took > 0 {
		d.Took = e.took.Round(time.Microsecond).String()
	}
	if e.result == metrics.Allowed {
		return d
	}
	var help text.Help
	switch e.about {
	case Login, Ticket:
		reason := auth.Reason(e.reason)
		help, d.Person, d.Checks = reason.Help(), reason.ClientText(), e.explained
		if d.Checks == nil {
			d.Checks = auth.Outline(e.failed, &auth.Refusal{Reason: reason, Detail: e.detail})
		}
	case Join, Room:
		reason := moderation.Reason(e.reason)
		help, d.Person, d.Checks = reason.Help(), reason.ClientText(), moderation.Outline(reason, e.detail)
	}
	d.Cause, d.Mend = text.WithoutLinks(help.Cause), text.WithoutLinks(help.Mend)
	return d
}
