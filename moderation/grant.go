package moderation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"usher/auth"
	"usher/internal/text"
)

// An ID names a grant. It is made of account and token, so that the same token
// makes the same grant each time, and tells nothing of the token.
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
		return ID{}, fmt.Errorf("%q is no ID of a session", clip(s))
	}
	return id, nil
}

// A Grant is an identity that logged in and may join until it ends: a session
// of a token. It holds no part of the token's text.
type Grant struct {
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

	LoggedIn time.Time // of the last login; of two grants for one room the later decides
	Used     time.Time // of the last login or join
	Expires  time.Time // the token's exp; zero: it has none
	IssuedAt int64     `json:",omitzero"` // the token's iat in whole seconds since 1970; zero: it has none that is plausible

	// Resumption is the print of the identifier by which the last stream can be
	// resumed ([auth.ResumptionPrint]), or empty. Only a Random one has it.
	Resumption string `json:",omitzero"`

	places places // in the indexes, while it is among the sessions
}

// issued is the token's iat as a time.
func (g *Grant) issued() time.Time {
	if g.IssuedAt == 0 {
		return time.Time{}
	}
	return time.Unix(g.IssuedAt, 0)
}

// JID returns the bare JID.
func (g *Grant) JID() string { return g.Account + "@" + g.Host }

// login names this login of the grant.
func (g *Grant) login() *Login { return &Login{g.ID, g.LoggedIn} }

// A Login names one login of a [Grant]: a later one with the same token to the
// same account has the same ID. What is done about the former one must not
// touch it.
type Login struct {
	ID       ID
	LoggedIn time.Time
}

// times are what the ends of a host's sessions depend on.
type times struct{ leeway, idle time.Duration }

// ended reports whether the grant's time is over: with its token, and one of a
// token that is good for longer than anybody lives when it is not used.
func (g *Grant) ended(now time.Time, t times) bool {
	if auth.Over(auth.End(g.Expires, t.leeway), now) {
		return true
	}
	return g.endless(now) && !now.Before(g.Used.Add(t.idle))
}

// endless reports whether the token's end is none: exp is absent, or beyond
// the year that follows (98753496345768 in the how-to of Jitsi's operators).
func (g *Grant) endless(now time.Time) bool {
	return g.Expires.IsZero() || g.Expires.Sub(now) > 366*24*time.Hour
}

// wild reports whether the token opens rooms that it does not name.
func (g *Grant) wild() bool { return g.Rooms == nil || g.RoomRegex || slices.Contains(g.Rooms, "*") }

// grantOf makes the grant of a login.
func grantOf(id auth.Identity, now time.Time) *Grant {
	g := &Grant{
		Host: id.Host, Account: id.Account, Random: id.Random, Issuer: id.Issuer, KeyID: id.KeyID, KeyPrint: id.KeyPrint, TokenPrint: id.TokenPrint,
		TokenID: id.TokenID, Subject: id.Subject, Rooms: id.Rooms, RoomRegex: id.RoomRegex, Moderator: id.Moderator,
		LobbyBypass: id.LobbyBypass, RoomLobby: id.RoomLobby, Autostart: id.RoomAutostart, LoggedIn: now, Used: now, Expires: id.Expires,
		User: id.AccountClaim,
	}
	if !id.IssuedAt.IsZero() {
		g.IssuedAt = id.IssuedAt.Unix()
	}
	if g.User == g.Account {
		g.User = g.Account // one copy of the text
	}
	g.ID = grantID(id.TokenPrint, id.Host, id.Account)
	return g
}

func grantID(tokenPrint, host, account string) ID {
	sum := sha256.Sum256([]byte(tokenPrint + "\x00" + host + "\x00" + account))
	return ID(sum[:len(ID{})])
}

// A Given is what an account that was let in is to a room, remembered so that
// what usher set can be taken back, and only that.
type Given struct {
	Room        string // bare JID, as Prosody spells it
	JID         string // bare JID
	Affiliation Affiliation
	Grant       ID        // what it rests on
	At          time.Time // when it was given
	Confirmed   bool      // the room was seen to have it
	Lobby       bool      // it rests on the lobby's lists, not on a grant
	Foreign     bool      // somebody else gave it: never taken back
	TakenAway   bool      // somebody else changed it: the same grant never gives it again
	End         End       // why the grant ended, if it has
}

// An End says why a grant is no more.
type End string

// The ends. The zero value is a grant that has not ended.
const (
	EndExpired End = "expired"
	EndRevoked End = "revoked"
	EndKeyGone End = "key_gone"
)

// A GivenKey names a [Given].
type GivenKey struct{ Room, JID string }

func (g *Given) key() GivenKey { return GivenKey{g.Room, g.JID} }

// A Room is a room that somebody may be in.
type Room struct {
	JID     string    // bare JID, as Prosody spells it
	Started bool      // a token holder has joined since it was created
	Made    bool      // Prosody asked what it begins with
	Joined  time.Time // of the last join that was allowed
	Began   int64     `json:",omitzero"` // tells it from others of its name: about when usher heard of it, in nanoseconds since 1970

	Lobby       Switch // what a token or a moderator said, or nothing
	MembersOnly bool   // usher made it so, for the lobby
}

// key names the room.
func (r *Room) key() *RoomKey { return &RoomKey{r.JID, r.Began} }

// isKept reports whether the state may have the room.
func (r *Room) isKept() bool { return r.Started || r.MembersOnly || r.Lobby != "" }

// A RoomKey names one of the rooms that had a name: what is done about the former one
// must not touch a later one.
type RoomKey struct {
	JID   string
	Began int64
}

// A Switch turns something on or off, or leaves it to the configuration.
type Switch string

// The switches. The zero value leaves it to the configuration.
const (
	On  Switch = "on"
	Off Switch = "off"
)

func clip(s string) string { return text.Name(s) }
