package auth

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"
	"unicode"

	"usher/internal/jid"
	"usher/internal/logattr"
	"usher/internal/loginid"
	"usher/internal/text"
)

// Credentials is what a door read from its peer.
type Credentials struct {
	Door string // the name of the door, for logs and metrics

	// Host is the virtual host to log in to. Empty means the only one that
	// is configured; with several, an empty Host is refused.
	Host string

	// Name is the account that the client gave itself, or empty. If it is
	// not empty it must be the token's account. A door whose protocol cannot
	// tell the client another account sets NameRequired.
	Name         string
	NameRequired bool

	// Authzid is the SASL authorization identity (RFC 4422 section 3.4.1), a
	// bare JID or a localpart, or empty. If given it must be the account.
	Authzid string

	Token string // in compact form

	// Resumption is the identifier of the stream that the client wants to
	// resume (XEP-0198), or empty. If the token names no account, the account
	// of that stream is taken again, if it was a login with the same token.
	Resumption string

	// Waiting says that the ticket asked for is for a login that is under way,
	// and used, or given back, in a moment: one token may then have many
	// tickets.
	Waiting bool

	// Later takes what is left to be done once the login is answered. Without it that is
	// done before the answer.
	Later *Later

	// Problem is set by a door that could not read the request. The login is
	// then refused for it, so that it is counted and logged like any other.
	Problem *Refusal
}

// LogValue keeps the token out of every log.
func (c Credentials) LogValue() slog.Value {
	return slog.GroupValue(slog.String("door", c.Door), logattr.Host(c.Host), slog.String("name", text.Name(c.Name)))
}

// An Identity is what a verified token proves. It holds no part of the
// token's text.
type Identity struct {
	Host    string // virtual host, as configured
	Account string // JID localpart, nodeprepped and escaped by XEP-0106
	Random  bool   // the token names no account, so Account is for this login only, and what resumes it
	Issuer  string // the token's iss
	KeyID   string // the key's kid, or the name of the file it came from
	TokenID string // the token's jti, or empty

	// KeyPrint and TokenPrint tell keys and tokens apart: 32 hexadecimal
	// characters each. A token's is of what was signed, so that it has one
	// however its signature is written.
	KeyPrint, TokenPrint string

	// AccountClaim is the text of the claim that names the account
	// (tokens.account), exactly as the token has it, or empty if there is none.
	AccountClaim string

	Subject   string   // the token's sub, or empty
	Rooms     []string // the room claim; nil if absent
	RoomRegex bool     // context.room.regex: Rooms are regular expressions

	Moderator   bool   // the host's moderator claims say so
	LobbyBypass Choice // context.user.lobby_bypass

	RoomLobby     Choice // context.room.lobby
	RoomAutostart Choice // context.room.lobby_autostart

	// LoginID names this login, in the log and among the last decisions. That of a login with a ticket is the one at
	// which the ticket was given.
	LoginID loginid.ID

	Expires  time.Time // the token's exp, or zero
	IssuedAt time.Time // the token's iat, or zero if it is absent or lies in the future

	// Anonymous says that there is no token, and so no TokenPrint: a login that the
	// host lets start rooms without one. It proves nothing.
	Anonymous bool

	// Network is where a login without a token comes from, and counts for how many of
	// those there may be. It is invalid where that is not known, and is not kept.
	Network netip.Prefix

	// Domain is that of the account, if it is one of the host's guest hosts, whose
	// streams may have a token, too; empty: Host.
	Domain string

	// DisplayID and DisplayName are context.user's id and name as text, clipped, or
	// empty. They are shown to people, and nothing is decided by them.
	DisplayID, DisplayName string
}

// AccountDomain returns the domain of the account.
func (id Identity) AccountDomain() string { return cmp.Or(id.Domain, id.Host) }

// JID returns the bare JID that the identity logs in as.
func (id Identity) JID() string { return id.Account + "@" + id.AccountDomain() }

// account is its JID, or nothing where there is no account: somebody who signs in has none yet.
func (id Identity) account() string {
	if id.Account == "" {
		return ""
	}
	return id.JID()
}

// Localpart returns the account unescaped, for a door whose Prosody module
// escapes it itself (mod_auth_dovecot).
func (id Identity) Localpart() string { return jid.Unescape(id.Account) }

// A Choice is a claim that is true, or false, or says nothing.
type Choice int8

// The choices. The zero value is a claim that is absent, or is not what it
// should be.
const (
	Unsaid Choice = iota
	Yes
	No
)

// clipped shortens a text that is shown to people, so that nobody's record is long.
func clipped(s string) string { return text.Printable(text.ClipTo(s, maxDisplay)) }

const maxDisplay = 128

// A Principal is whose token it is, as revocations see it: the person that an
// issuer names, or, for a token that names no user, the token. Equal principals
// are the same; it is a key of maps.
type Principal struct {
	Host, Issuer string // of a person; empty for a token
	User         string // of a person: the account claim, folded
	Token        string // the thumbprint of a token that names no user
}

// PersonPrincipal is the principal of all whom an issuer of a host calls
// by this name in the account claim. Letter case makes no other person.
func PersonPrincipal(host, issuer, user string) Principal {
	return Principal{Host: host, Issuer: issuer, User: foldCase(user)}
}

// TokenPrincipal is the principal of one token, by its thumbprint.
func TokenPrincipal(thumbprint string) Principal { return Principal{Token: thumbprint} }

// Principal returns whose the token is.
func (id Identity) Principal() Principal {
	if id.AccountClaim != "" {
		return PersonPrincipal(id.Host, id.Issuer, id.AccountClaim)
	}
	return TokenPrincipal(id.TokenPrint)
}

// foldCase maps texts that differ in letter case alone to one text. It folds
// rune by rune: a full folding would make one person of straße and strasse.
func foldCase(s string) string {
	if jid.IsASCII(s) {
		return jid.LowerASCII(s)
	}
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		if least >= 'A' && least <= 'Z' {
			least += 'a' - 'A'
		}
		return least
	}, s)
}

// ParseThumbprint reads a token's thumbprint ([Identity.TokenPrint]) as an
// operator writes it.
func ParseThumbprint(s string) (string, error) {
	s = jid.LowerASCII(strings.TrimSpace(s))
	if raw, err := hex.DecodeString(s); err != nil || len(raw) != printBytes {
		return "", fmt.Errorf("%q is no thumbprint of a token: it has %d hexadecimal characters, as usher "+
			"sessions list and usher token explain print them", text.Name(s), 2*printBytes)
	}
	return s, nil
}
