package admin

import (
	"time"

	"usher/internal/listen"
	"usher/moderation/unasked"
)

// Status is what GET /status and usher status --json tell.
type Status struct {
	Version    string            `json:"version"`
	PID        int               `json:"pid"`
	Uptime     float64           `json:"uptime_seconds"`
	Config     string            `json:"config"`
	Ready      bool              `json:"ready"`
	NotReady   []string          `json:"not_ready"`
	LastReload *LastReload       `json:"last_reload,omitempty"` // absent before the first reload
	Warnings   []string          `json:"warnings"`              // of the configuration in force
	Hosts      []Host            `json:"hosts"`
	Listeners  map[string]string `json:"listeners"` // address by name

	Connections map[string]listen.Counts `json:"connections"`        // by name
	Shortage    string                   `json:"shortage,omitempty"` // of file descriptors

	Component *Component `json:"component,omitempty"` // absent: there is none

	State   *State `json:"state,omitempty"`   // absent: it is in memory alone
	Cluster string `json:"cluster,omitempty"` // who takes part, for people; absent: this usher is alone
}

// A Component is usher's connection to Prosody.
type Component struct {
	JID     string `json:"jid"`
	Address string `json:"address"`
	Problem string `json:"problem,omitempty"` // why it is not connected
}

// State is how a state on the disk is.
type State struct {
	Path          string  `json:"path"`
	FileBytes     int64   `json:"file_bytes"`
	JournalBytes  int64   `json:"journal_bytes"`
	BehindBytes   int64   `json:"behind_bytes"`      // of the journal that the file does not have
	BehindSeconds float64 `json:"behind_seconds"`    // age of the oldest of those
	Stuck         bool    `json:"stuck"`             // a write to the journal is not back: logins fail
	Refused       string  `json:"refused,omitempty"` // why the journal did not take the last change: logins fail
	Problem       string  `json:"problem,omitempty"`
}

// LastReload is how the last reload ended.
type LastReload struct {
	OK    bool      `json:"ok"`
	Time  time.Time `json:"time"`
	Error string    `json:"error,omitempty"` // why it was refused: the first problem that is not a warning

	Problems []string  `json:"problems,omitempty"` // all of them, with line and column
	Warnings []string  `json:"warnings"`
	RetryAt  time.Time `json:"retry_at,omitzero"` // it was refused for a reason that may pass
	Tries    int       `json:"tries,omitempty"`
}

// A Host is one virtual host of a [Status].
type Host struct {
	Host    string        `json:"host"`
	Issuers []Issuer      `json:"issuers"`
	Unseen  []UnseenClaim `json:"unseen_claims,omitempty"`
	MUC     []MUC         `json:"muc,omitempty"`
	Relay   *Relay        `json:"relay,omitempty"` // of a host that has one and was tried
}

// A Relay says whether the Prosody of a [Host] takes what usher hands it.
type Relay struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
	Mend string `json:"mend,omitempty"` // the step that is missing
}

// An UnseenClaim is one of moderation.moderators that no token had.
type UnseenClaim struct {
	Claim string    `json:"claim"`
	Since time.Time `json:"since"`
}

// An Issuer is the keys of one issuer of a [Host].
type Issuer struct {
	Issuer      string    `json:"issuer"`
	Source      string    `json:"source"`        // files, jwks or asap; sign-in: the provider of it
	URL         string    `json:"url,omitempty"` // without user name and query
	Keys        int       `json:"keys"`
	Names       []string  `json:"key_names,omitempty"`   // their kid, or the file's name; the first 16
	LastSuccess time.Time `json:"last_success,omitzero"` // of the last fetch
	LastFailure time.Time `json:"last_failure,omitzero"` // of the last fetch, if that failed
	Error       string    `json:"error,omitempty"`       // why it did
	Problem     string    `json:"problem,omitempty"`     // why no token can be verified
	Skipped     []string  `json:"skipped,omitempty"`     // what of the source is not used, and why
}

// A MUC says whether Prosody asks usher about the rooms of a component.
type MUC struct {
	MUC     string         `json:"muc"`
	Joins   unasked.Answer `json:"joins"`
	Begins  unasked.Answer `json:"new_rooms"`
	Unasked int            `json:"unasked_occupants"`

	// Examples of what is missing.
	Room    string    `json:"room,omitempty"`
	Account string    `json:"account,omitempty"`
	Since   time.Time `json:"since,omitzero"`

	Component bool `json:"component"` // there is one that can look
}

// AsksAboutJoins says in words whether Prosody asks about joins.
func (m MUC) AsksAboutJoins() string { return m.asks(m.Joins) }

// AsksAboutRooms says in words whether Prosody asks about new rooms.
func (m MUC) AsksAboutRooms() string { return m.asks(m.Begins) }

func (m MUC) asks(a unasked.Answer) string {
	switch {
	case a == unasked.Asked:
		return "yes"
	case a == unasked.Missing:
		return "NO"
	case m.Component:
		return "not seen since Prosody is connected"
	}
	return "not seen, and without a component nobody looks"
}
