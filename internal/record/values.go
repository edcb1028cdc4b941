package record

import (
	"usher/auth"
	"usher/lobby"
	"usher/moderation"
	"usher/moderation/occupancy"
	"usher/moderation/streams"
)

// A Value is what a change puts, or what names what it deletes.
type Value interface {
	*moderation.Session | *moderation.Login | *moderation.Assignment | *moderation.AssignmentKey | *moderation.Room |
		*moderation.RoomKey | *moderation.Revocation | *auth.Principal | *lobby.Entry | *lobby.EntryKey |
		*lobby.Verdict | *lobby.VerdictKey | *streams.Stream | *occupancy.Occupant | *occupancy.Key
}

// AppendValue appends a value.
func AppendValue[V Value](b []byte, v V) []byte {
	c := codec{out: b}
	c.value(v)
	return c.out
}

// DecodeValue reads what [AppendValue] appended into v, which must be zero.
func DecodeValue[V Value](b []byte, v V) error {
	c := newReader(b)
	c.value(v)
	return wrap(v, c.end())
}

// value names the fields of a value.
func (c *codec) value(v any) {
	switch v := v.(type) {
	case *moderation.Session:
		c.session(v)
	case *moderation.Login:
		c.id(1, (*[16]byte)(&v.ID))
		c.time(2, &v.LoggedIn)
	case *moderation.Assignment:
		c.assignment(v)
	case *moderation.AssignmentKey:
		c.pair(&v.Room, &v.JID)
	case *moderation.Room:
		c.room(v)
	case *moderation.RoomKey:
		text(c, 1, &v.JID)
		c.number(2, &v.Began)
	case *moderation.Revocation:
		c.revocation(v)
	case *auth.Principal:
		c.principal(v)
	case *lobby.Entry:
		c.pair(&v.JID, &v.Room)
		c.time(3, &v.Until)
		text(c, 4, &v.Note)
		c.time(5, &v.At)
		c.flag(6, &v.Gone)
	case *lobby.EntryKey:
		c.pair(&v.JID, &v.Room)
	case *lobby.Verdict:
		c.verdict(v)
	case *lobby.VerdictKey:
		c.pair(&v.Room, &v.JID)
	case *streams.Stream:
		c.stream(v)
	case *occupancy.Occupant:
		c.pair(&v.Room, &v.JID)
		c.flag(3, &v.Starts)
	case *occupancy.Key:
		c.pair(&v.Room, &v.JID)
	default:
		c.fail()
	}
}

// pair is the two texts that a value begins with.
func (c *codec) pair(first, second *string) {
	text(c, 1, first)
	text(c, 2, second)
}

func (c *codec) session(v *moderation.Session) {
	c.id(1, (*[16]byte)(&v.ID))
	text(c, 2, &v.Host)
	text(c, 3, &v.Account)
	text(c, 4, &v.User)
	c.flag(5, &v.Random)
	text(c, 6, &v.Issuer)
	text(c, 7, &v.KeyID)
	text(c, 8, &v.KeyPrint)
	text(c, 9, &v.TokenPrint)
	text(c, 10, &v.TokenID)
	text(c, 11, &v.Subject)
	c.list(12, &v.Rooms)
	c.flag(13, &v.RoomRegex)
	c.flag(14, &v.Moderator)
	small(c, 15, &v.LobbyBypass)
	small(c, 16, &v.RoomLobby)
	small(c, 17, &v.Autostart)
	c.time(18, &v.LoggedIn)
	c.time(19, &v.Used)
	c.time(20, &v.Expires)
	c.number(21, &v.IssuedAt)
	text(c, 22, &v.Resumption)
	text(c, 23, &v.Domain)
	c.flag(24, &v.Anonymous)
	text(c, 25, &v.DisplayID)
	text(c, 26, &v.DisplayName)
	text(c, 27, &v.Node)
	c.count(28, (*uint64)(&v.LoginID))
}

func (c *codec) assignment(v *moderation.Assignment) {
	c.pair(&v.Room, &v.JID)
	text(c, 3, &v.Affiliation)
	c.id(4, (*[16]byte)(&v.Session))
	c.time(5, &v.At)
	c.flag(6, &v.Confirmed)
	c.flag(7, &v.Lobby)
	c.flag(8, &v.External)
	c.flag(9, &v.Overridden)
	text(c, 10, &v.End)
	c.time(11, &v.Changed)
	c.count(12, &v.Lease)
	c.flag(13, &v.Gone)
}

func (c *codec) room(v *moderation.Room) {
	text(c, 1, &v.JID)
	c.flag(2, &v.Started)
	c.flag(3, &v.Made)
	c.time(4, &v.Joined)
	c.number(5, &v.Began)
	text(c, 6, &v.Lobby)
	c.flag(7, &v.MembersOnly)
	c.time(8, &v.Changed)
	c.flag(9, &v.Gone)
}

func (c *codec) revocation(v *moderation.Revocation) {
	text(c, 1, &v.Host)
	text(c, 2, &v.Issuer)
	text(c, 3, &v.User)
	text(c, 4, &v.TokenPrint)
	c.time(5, &v.At)
	c.time(6, &v.Expires)
	c.list(7, &v.Accounts)
	c.time(8, &v.Lifted)
	text(c, 9, &v.Node)
}

func (c *codec) principal(v *auth.Principal) {
	text(c, 1, &v.Host)
	text(c, 2, &v.Issuer)
	text(c, 3, &v.User)
	text(c, 4, &v.Token)
}

func (c *codec) verdict(v *lobby.Verdict) {
	c.pair(&v.Room, &v.JID)
	c.flag(3, &v.Admitted)
	text(c, 4, &v.By)
	c.time(5, &v.At)
	c.flag(6, &v.Gone)
}

func (c *codec) stream(v *streams.Stream) {
	text(c, 1, &v.Print)
	text(c, 2, &v.Host)
	text(c, 3, &v.Account)
	text(c, 4, &v.Principal.Host)
	text(c, 5, &v.Principal.Issuer)
	text(c, 6, &v.Principal.User)
	text(c, 7, &v.Principal.Token)
	text(c, 8, &v.TokenPrint)
	text(c, 9, &v.Rights)
	c.flag(10, &v.Demoted)
}
