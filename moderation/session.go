package moderation

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/loginid"
	"usher/internal/text"
)

// An ID names a session. It is made of account and token, so that the same token
// makes the same session each time, and tells nothing of the token.
type ID [16]byte

// String returns 32 hexadecimal characters.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the form of String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the form of String.
func (id *ID) UnmarshalText(text []byte) (err error) {
	*id, err = ParseID(string(text))
	return err
}

// ParseID reads what [ID.String] writes.
func ParseID(s string) (ID, error) {
	var id ID
	if n, err := hex.Decode(id[:], []byte(s)); err != nil || n != len(id) || len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("%q is no ID of a session", text.Name(s))
	}
	return id, nil
}

// A Session is an identity that logged in and may join until it ends: a session
// of a token. It holds no part of the token's text.
type Session struct {
	ID          ID
	Host        string // virtual host
	Account     string // JID localpart, nodeprepped and escaped by XEP-0106
	User        string // the account claim, exactly; empty if the token names nobody
	Random      bool   // the token names no account: this one was drawn for the login
	Issuer      string
	KeyID       string // the key's kid or label
	KeyPrint    string // 32 hexadecimal characters, to find out that the key has gone
	TokenPrint  string // 32 hexadecimal characters, to keep a revoked token out
	TokenID     string // jti, or empty
	Subject     string // sub, or empty
	Rooms       []string
	RoomRegex   bool // Rooms are regular expressions
	Moderator   bool
	LobbyBypass auth.Choice // context.user.lobby_bypass
	RoomLobby   auth.Choice // context.room.lobby
	Autostart   auth.Choice // context.room.lobby_autostart

	LoggedIn time.Time // of the last login; of two sessions for one room the later decides
	Used     time.Time // of the last login or join
	Expires  time.Time // the token's exp; zero: it has none
	// IssuedAt is the token's iat in whole seconds since 1970; zero: it has none that is
	// plausible.
	IssuedAt int64 `json:",omitzero"`

	// Resumption is the print of the identifier by which the last stream can be
	// resumed ([auth.ResumptionPrint]), or empty. Only a Random one has it.
	Resumption string `json:",omitzero"`

	// Domain is that of the account, if it is one of the host's guest hosts; empty: Host.
	Domain string `json:",omitzero"`

	// Anonymous says that the login had no token: it opens what a guest may open.
	Anonymous bool `json:",omitzero"`

	// DisplayID and DisplayName are who the token says its user is, for people to read.
	DisplayID   string `json:",omitzero"`
	DisplayName string `json:",omitzero"`

	// LoginID names the last login, in the log and among the last decisions.
	LoginID loginid.ID `json:",omitzero"`

	// Node is the usher where the login was; empty: there is only one.
	Node string `json:",omitzero"`
}

// AccountDomain returns the domain of the account.
func (g *Session) AccountDomain() string { return cmp.Or(g.Domain, g.Host) }

// Issued is the token's iat as a time.
func (g *Session) Issued() time.Time {
	if g.IssuedAt == 0 {
		return time.Time{}
	}
	return time.Unix(g.IssuedAt, 0)
}

// JID returns the bare JID.
func (g *Session) JID() string { return g.Account + "@" + g.AccountDomain() }

// Principal is whose token the session rests on.
func (g *Session) Principal() auth.Principal {
	if g.User != "" {
		return auth.PersonPrincipal(g.Host, g.Issuer, g.User)
	}
	return auth.TokenPrincipal(g.TokenPrint)
}

// Login names this login of the session.
func (g *Session) Login() *Login { return &Login{g.ID, g.LoggedIn} }

// A Login names one login of a [Session]: a later one with the same token to the
// same account has the same ID. What is done about the former one must not
// touch it.
type Login struct {
	ID       ID
	LoggedIn time.Time
}

// Wildcard reports whether the token opens rooms that it does not name.
func (g *Session) Wildcard() bool {
	return g.Rooms == nil || g.RoomRegex || slices.Contains(g.Rooms, "*")
}

// NewSession makes the session of a login.
func NewSession(id auth.Identity, now time.Time) Session {
	g := Session{
		Host: id.Host, Account: id.Account, User: id.AccountClaim, Random: id.Random || id.Anonymous,
		Issuer: id.Issuer, KeyID: id.KeyID, KeyPrint: id.KeyPrint, TokenPrint: id.TokenPrint, TokenID: id.TokenID,
		Subject: id.Subject, Rooms: id.Rooms, RoomRegex: id.RoomRegex, Moderator: id.Moderator,
		LobbyBypass: id.LobbyBypass, RoomLobby: id.RoomLobby, Autostart: id.RoomAutostart,
		LoggedIn: now, Used: now, Expires: id.Expires,
		Domain: id.Domain, Anonymous: id.Anonymous, DisplayID: id.DisplayID, DisplayName: id.DisplayName,
		LoginID: id.LoginID,
	}
	if !id.IssuedAt.IsZero() {
		g.IssuedAt = id.IssuedAt.Unix()
	}
	if g.User == g.Account {
		g.User = g.Account // one copy of the text
	}
	if g.Domain == g.Host {
		g.Domain = ""
	}
	g.ID = NewID(id.TokenPrint, id.AccountDomain(), id.Account)
	return g
}

// NewID returns the ID of the session that a token, by its thumbprint, makes of an account
// of a domain.
func NewID(tokenPrint, domain, account string) ID {
	sum := sha256.Sum256([]byte(tokenPrint + "\x00" + domain + "\x00" + account))
	return ID(sum[:len(ID{})])
}
