package auth

import (
	"usher/auth/inner"
	"usher/auth/keys"
	"usher/internal/jid"
	"usher/internal/strictjson"
	"usher/internal/text"
)

// A RelayConfig makes a host one whose Prosody verifies tokens itself: Jitsi's own
// modules, which are given inner tokens.
type RelayConfig struct {
	// Rules are those of the inner token. What the host's own settings say is filled in:
	// Host and Tenants.
	inner.Rules

	Key         keys.InnerKey // signs the inner tokens; no issuer may have what verifies them
	ResumeOver  bool          // a stream is resumed by a token that is over (moderation.on_expiry: keep, demote)
	KeepRights  bool          // and goes on with the rights that it had (keep)
	GuestsStart bool          // logins without a token are let in

	// AllowEmptyToken has such a login go on without an inner token, as Prosody's option
	// of that name takes it: its modules then see that there was no token.
	AllowEmptyToken bool
}

// Relay returns a host's name as configured, and its relay; nil if it has none.
func (v *Verifier) Relay(host string) (name string, c *RelayConfig) {
	if h := v.rules.Load().host(host); h != nil {
		return h.name, h.Relay
	}
	return "", nil
}

// DecideRelay runs the list of checks for a login at a relay host. Whoever goes on with it
// ends with [Verifier.Conclude].
func (v *Verifier) DecideRelay(c *Credentials) Decision { return v.decide(c, attempted{relay: true}) }

// maySurvive reports whether a token that is over may resume a stream.
func (a *attempt) maySurvive() bool {
	return a.relay && a.host.Relay != nil && a.host.Relay.ResumeOver && a.Resumption != ""
}

// relayAccount finds whose a token is. On a relay host it names no account, as Prosody
// draws a random one: so the claim may be of any form, and what cannot be a name
// is as if absent.
func relayAccount(a *attempt) {
	for _, path := range a.accountPaths() {
		n := a.claim(path)
		if n == nil {
			continue
		}
		name := ""
		switch n.Kind {
		case '"':
			name = string(n.Text)
		case '0':
			name, _ = strictjson.Decimal(n.Text)
		}
		if name != "" && len(name) <= maxPerson {
			a.id.AccountClaim = name
			return
		}
	}
}

func describeRelayAccount(a *attempt) string {
	if a.id.AccountClaim == "" {
		return "the token names nobody" + accountInTheWay(a) + "; Prosody draws a random account for each login"
	}
	return "Prosody draws a random account for each login; the user is " + text.Name(a.id.AccountClaim)
}

// formOf makes the normal form of a verified token.
func (a *attempt) formOf(note inner.Note) *inner.Form {
	rules := a.host.Relay.Rules
	if a.issuer.Own { // its context is Jitsi's already
		rules.Context, rules.Features = nil, nil
	}
	return inner.Read(&a.claims, &rules, inner.Facts{
		Subject: a.id.Subject, Rooms: a.id.Rooms, RoomRegex: a.id.RoomRegex,
		Moderator: a.id.Moderator, Says: a.had != 0 || a.issuer.Own,
	}, note)
}

// maxPerson bounds what names a person on a relay host, in bytes. With more in it the
// token's thumbprint stands for the person.
const maxPerson = jid.MaxPart
