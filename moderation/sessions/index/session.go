package index

import (
	"cmp"
	"encoding/hex"
	"math"
	"time"

	"usher/auth"
	"usher/moderation"
)

// A Session is one that is kept: nothing of it changes but, under the lock, when it was used last, when it is due, and
// its places in an [Index].
type Session struct {
	from  *source
	texts string // see pack
	id    moderation.ID
	token PrincipalID // that its token is by itself
	who   PrincipalID

	loggedIn, used, due int64 // nanoseconds since 1970
	expires             int64 // likewise, or seconds: see isFar

	next           [hashed]handle
	self           handle // zero: it is not among the sessions
	place          placeID
	atWho, atToken int32 // in the lists of its principal, and of those with its token
	atDue          int32 // in the heap, or notDue
	flags          flags
}

// flags are what is said with yes or no, and the three choices, of two bits each.
type flags uint32

const (
	isRandom flags = 1 << iota
	isRegex
	isModerator
	namesUser // its token does, and is not a principal by itself
	isPlain   // its thumbprint is as its token's number is written
	isFar     // it expires in a year that nanoseconds do not reach, and has the seconds

	// where the choices begin
	lobbyBypass = 8
	roomLobby   = 10
	autostart   = 12
)

// never is a time that is not set. No clock says it.
const never = math.MinInt64

// firstNano and lastNano are the ends of what nanoseconds since 1970 reach, the years 1677 and 2262.
var firstNano, lastNano = time.Unix(0, never+1), time.Unix(0, math.MaxInt64)

// Make makes what is kept of a session: all of it but Resumption, which its [Index] knows. The times are those of a
// clock; of an Expires that is further away than nanoseconds reach the second is kept.
func Make(s *moderation.Session) *Session {
	g := &Session{from: &source{Source: sourceOf(s)}, id: s.ID, token: TokenID(s.TokenPrint),
		who: PrincipalOf(s.Principal()), loggedIn: nano(s.LoggedIn), used: nano(s.Used), expires: nano(s.Expires), due: never, atDue: notDue}
	var print [2 * len(g.token)]byte
	hex.Encode(print[:], g.token[:])
	g.flags = flagIf(isRandom, s.Random) | flagIf(isRegex, s.RoomRegex) | flagIf(isModerator, s.Moderator) |
		flagIf(namesUser, s.User != "") | flagIf(isPlain, s.TokenPrint == string(print[:])) |
		flags(s.LobbyBypass)<<lobbyBypass | flags(s.RoomLobby)<<roomLobby | flags(s.Autostart)<<autostart
	if s.Expires.After(lastNano) {
		g.flags |= isFar
		g.expires = s.Expires.Unix()
	}
	g.texts = pack(s, g.flags&isPlain == 0)
	return g
}

func flagIf(f flags, is bool) flags {
	if is {
		return f
	}
	return 0
}

// nano takes the nearest for what nanoseconds do not reach: wrapped around, what was over long ago would lie ahead.
func nano(t time.Time) int64 {
	switch {
	case t.IsZero():
		return never
	case t.After(lastNano):
		return math.MaxInt64
	case t.Before(firstNano):
		return never + 1
	}
	return t.UnixNano()
}

func fromNano(n int64) time.Time {
	if n == never {
		return time.Time{}
	}
	return time.Unix(0, n)
}

func (g *Session) is(f flags) bool { return g.flags&f != 0 }

func (g *Session) choice(at int) auth.Choice { return auth.Choice(g.flags >> at & 3) }

// ID names the session.
func (g *Session) ID() moderation.ID { return g.id }

// Host is the virtual host.
func (g *Session) Host() string { return g.from.Host }

// Anonymous says that the login had no token.
func (g *Session) Anonymous() bool { return g.from.Anonymous }

// Random says that the account was drawn for the login.
func (g *Session) Random() bool { return g.is(isRandom) }

// Token is the principal that the token is by itself.
func (g *Session) Token() PrincipalID { return g.token }

// Principal is whose token the session rests on.
func (g *Session) Principal() PrincipalID { return g.who }

// Account is the account, in two parts.
func (g *Session) Account() AccountKey {
	return AccountKey{cmp.Or(g.from.Domain, g.from.Host), unpackAccount(g.texts)}
}

// JID returns the bare JID.
func (g *Session) JID() string { return g.Account().JID() }

// LoggedIn is when the login was.
func (g *Session) LoggedIn() time.Time { return fromNano(g.loggedIn) }

// Login names this login of the session.
func (g *Session) Login() *moderation.Login {
	return &moderation.Login{ID: g.id, LoggedIn: g.LoggedIn()}
}

// Issued is the token's iat; zero: it has none that is plausible.
func (g *Session) Issued() time.Time {
	if at, _ := unpackIssued(g.texts); at != 0 {
		return time.Unix(at, 0)
	}
	return time.Time{}
}

// Expires is the token's exp; zero: it has none.
func (g *Session) Expires() time.Time {
	if g.is(isFar) {
		return time.Unix(g.expires, 0)
	}
	return fromNano(g.expires)
}

// Used is when the session was used last. It wants the lock.
func (g *Session) Used() time.Time { return fromNano(g.used) }

// Use notes that the session was used. It wants the lock.
func (g *Session) Use(now time.Time) { g.used = nano(now) }

// Lifetime is what decides for how long the session counts. It wants the lock.
func (g *Session) Lifetime() moderation.Lifetime {
	return moderation.Lifetime{Host: g.from.Host, Issuer: g.from.Issuer, KeyPrint: g.from.KeyPrint,
		Anonymous: g.from.Anonymous, Expires: g.Expires(), Used: g.Used()}
}

// Schedule has the session be due at a time, before it is inserted.
func (g *Session) Schedule(due time.Time) { g.due = nano(due) }

// Unpack returns the session but for what changes of it: Resumption is empty, and Used is when it logged in.
func (g *Session) Unpack() moderation.Session {
	s := moderation.Session{ID: g.id, Host: g.from.Host, Domain: g.from.Domain, Issuer: g.from.Issuer, KeyID: g.from.KeyID,
		KeyPrint: g.from.KeyPrint, Node: g.from.Node, Anonymous: g.from.Anonymous,
		Random: g.is(isRandom), RoomRegex: g.is(isRegex), Moderator: g.is(isModerator),
		LobbyBypass: g.choice(lobbyBypass), RoomLobby: g.choice(roomLobby), Autostart: g.choice(autostart),
		LoggedIn: g.LoggedIn(), Used: g.LoggedIn(), Expires: g.Expires()}
	if g.is(isPlain) {
		s.TokenPrint = hex.EncodeToString(g.token[:])
	}
	unpack(g.texts, &s, !g.is(isPlain))
	return s
}
